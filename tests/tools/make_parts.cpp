// Writes parts whose figures are known by formula: make_parts KIND FILE, STEP or IGES by the
// file's extension.  Kinds: box, cylinder, sphere, torus, shell, pair, inches; or make_parts NUMBER
// FILE FROM: that solid of the STEP file FROM, alone and where it lies.
#include <BRepAlgoAPI_Cut.hxx>
#include <BRepPrimAPI_MakeBox.hxx>
#include <BRepPrimAPI_MakeCylinder.hxx>
#include <BRepPrimAPI_MakeSphere.hxx>
#include <BRepPrimAPI_MakeTorus.hxx>
#include <IGESControl_Writer.hxx>
#include <Interface_Static.hxx>
#include <Message.hxx>
#include <Message_Messenger.hxx>
#include <Quantity_Color.hxx>
#include <STEPCAFControl_Writer.hxx>
#include <STEPControl_Reader.hxx>
#include <TDataStd_Name.hxx>
#include <TDocStd_Document.hxx>
#include <TopExp_Explorer.hxx>
#include <XCAFDoc_ColorTool.hxx>
#include <XCAFDoc_DocumentTool.hxx>
#include <XCAFDoc_ShapeTool.hxx>
#include <gp_Ax2.hxx>

#include <cstdio>
#include <cstring>
#include <string>

namespace
{

TopoDS_Shape
makeShape(const std::string &kind)
{
    const TopoDS_Shape box = BRepPrimAPI_MakeBox(13, 17, 19).Shape();

    if (kind == "cylinder") // a pipe: radius 10, bore 4, height 30
        return BRepAlgoAPI_Cut(BRepPrimAPI_MakeCylinder(10, 30).Shape(),
                               BRepPrimAPI_MakeCylinder(4, 30).Shape());
    if (kind == "sphere")
        return BRepPrimAPI_MakeSphere(10).Shape();
    if (kind == "torus")
        return BRepPrimAPI_MakeTorus(20, 5).Shape();
    if (kind == "shell") // the box's faces without its solid
        return TopExp_Explorer(box, TopAbs_SHELL).Current();
    return box;
}

TopoDS_Shape
readSolid(int number, const char *file)
{
    STEPControl_Reader reader;

    if (reader.ReadFile(file) != IFSelect_RetDone || reader.TransferRoots() == 0)
        return TopoDS_Shape();
    TopExp_Explorer solids(reader.OneShape(), TopAbs_SOLID);
    for (; number > 0 && solids.More(); number--)
        solids.Next();
    return solids.More() ? solids.Current() : TopoDS_Shape();
}

void
name(const TDF_Label &label, const char *text)
{
    TDataStd_Name::Set(label, TCollection_ExtendedString(text, Standard_True));
}

gp_Trsf
turned(double degrees, const gp_Vec &moved)
{
    gp_Trsf turn, move;

    turn.SetRotation(gp_Ax1(gp_Pnt(0, 0, 0), gp_Dir(0, 0, 1)), degrees * M_PI / 180);
    move.SetTranslation(moved);
    return move * turn;
}

// The box red and twice, the second turned and with a colour of its own, one face of it green.
void
makePair(const Handle(XCAFDoc_ShapeTool) & shapes, const Handle(XCAFDoc_ColorTool) & colours)
{
    const TopoDS_Shape box = makeShape("box");
    const TDF_Label part = shapes->AddShape(box, Standard_False);
    const TDF_Label pair = shapes->NewShape();
    const TDF_Label first = shapes->AddComponent(pair, part, TopLoc_Location());
    const TDF_Label second =
        shapes->AddComponent(pair, part, TopLoc_Location(turned(30, gp_Vec(50, 0, 0))));

    name(part, "Klotz ä");
    name(pair, "pair");
    name(first, "left");
    name(second, "right");
    colours->SetColor(part, Quantity_Color(1, 0, 0, Quantity_TOC_RGB), XCAFDoc_ColorSurf);
    const TDF_Label face = shapes->AddSubShape(part, TopExp_Explorer(box, TopAbs_FACE).Current());
    colours->SetColor(face, Quantity_Color(0, 1, 0, Quantity_TOC_RGB), XCAFDoc_ColorSurf);
    shapes->UpdateAssemblies();
}

} // namespace

int
main(int argc, char **argv)
{
    if (argc != 3 && argc != 4)
        return 2;
    const std::string kind = argv[1];
    const std::string file = argv[2];
    Handle(TDocStd_Document) document = new TDocStd_Document("BinXCAF");
    Handle(XCAFDoc_ShapeTool) shapes = XCAFDoc_DocumentTool::ShapeTool(document->Main());

    Message::DefaultMessenger()->ChangePrinters().Clear();
    if (file.size() > 4 && file.compare(file.size() - 4, 4, ".igs") == 0) {
        IGESControl_Writer writer("MM", 1); // 1: solids as BREP
        writer.AddShape(makeShape(kind));
        return writer.Write(file.c_str()) ? 0 : 1;
    }
    STEPCAFControl_Writer writer; // which sets up the options of STEP
    if (kind == "inches")
        Interface_Static::SetCVal("write.step.unit", "INCH");
    if (argc == 4)
        shapes->AddShape(readSolid(std::stoi(kind), argv[3]), Standard_False);
    else if (kind == "pair")
        makePair(shapes, XCAFDoc_DocumentTool::ColorTool(document->Main()));
    else
        name(shapes->AddShape(makeShape(kind), Standard_False), kind.c_str());
    if (!writer.Transfer(document, STEPControl_AsIs))
        return 1;
    return writer.Write(file.c_str()) == IFSelect_RetDone ? 0 : 1;
}
