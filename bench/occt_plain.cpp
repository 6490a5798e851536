// The yardstick of bench/cad: what Open CASCADE's own reader, mesher and GLB writer take for a STEP
// file and give.  occt_plain IN OUT.glb DEFLECTION ANGLE
#include <BRepMesh_IncrementalMesh.hxx>
#include <Message.hxx>
#include <Message_Messenger.hxx>
#include <Message_ProgressRange.hxx>
#include <RWGltf_CafWriter.hxx>
#include <STEPCAFControl_Reader.hxx>
#include <TColStd_IndexedDataMapOfStringString.hxx>
#include <TDF_LabelSequence.hxx>
#include <TDocStd_Document.hxx>
#include <XCAFDoc_DocumentTool.hxx>
#include <XCAFDoc_ShapeTool.hxx>

#include <cstdlib>

int
main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    Message::DefaultMessenger()->ChangePrinters().Clear();
    Handle(TDocStd_Document) document = new TDocStd_Document("BinXCAF");
    STEPCAFControl_Reader reader;
    TDF_LabelSequence roots;

    if (reader.ReadFile(argv[1]) != IFSelect_RetDone || !reader.Transfer(document))
        return 1;
    XCAFDoc_DocumentTool::ShapeTool(document->Main())->GetFreeShapes(roots);
    for (const TDF_Label &root : roots)
        BRepMesh_IncrementalMesh(XCAFDoc_ShapeTool::GetShape(root), atof(argv[3]), Standard_False,
                                 atof(argv[4]));
    RWGltf_CafWriter writer(argv[2], Standard_True);
    writer.ChangeCoordinateSystemConverter().SetInputLengthUnit(0.001);
    writer.ChangeCoordinateSystemConverter().SetInputCoordinateSystem(RWMesh_CoordinateSystem_Zup);
    TColStd_IndexedDataMapOfStringString info;
    return writer.Perform(document, info, Message_ProgressRange()) ? 0 : 1;
}
