// Open CASCADE behind the functions of brep.h.  Exceptions end here.
#include "jobs/cad/brep_parts.hxx"
#include "lib/geometry/step_file.h"

#include <IGESCAFControl_Reader.hxx>
#include <IGESData_IGESModel.hxx>
#include <Interface_Static.hxx>
#include <Message.hxx>
#include <Message_Messenger.hxx>
#include <Quantity_ColorRGBA.hxx>
#include <STEPCAFControl_Reader.hxx>
#include <TColStd_SequenceOfAsciiString.hxx>
#include <TDF_LabelSequence.hxx>
#include <TDataStd_Name.hxx>
#include <TopExp_Explorer.hxx>
#include <TopTools_ShapeMapHasher.hxx>
#include <TopoDS.hxx>
#include <XCAFDoc_Area.hxx>
#include <XCAFDoc_DocumentTool.hxx>
#include <XCAFDoc_Volume.hxx>

#include <cstring>
#include <streambuf>

using fa::Body;
using fa::countFaces;
using fa::guarded;

namespace
{

using ColourMap = NCollection_DataMap<TopoDS_Shape, int32_t, TopTools_ShapeMapHasher>;
using NameMap = NCollection_DataMap<TopoDS_Shape, std::string, TopTools_ShapeMapHasher>;

// A file in memory as a stream, without a copy.
class MemoryBuffer : public std::streambuf
{
  public:
    MemoryBuffer(const char *text, size_t length)
    {
        char *start = const_cast<char *>(text);

        setg(start, start, start + length);
    }
};

int
content(fa_error *err, const char *message, const char *action)
{
    fa_error_set(err, FA_E_CONTENT, "%s", message);
    return fa_error_action(err, "%s", action);
}

std::string
nameOf(const TDF_Label &label)
{
    Handle(TDataStd_Name) attribute;
    std::string name;

    if (!label.FindAttribute(TDataStd_Name::GetID(), attribute))
        return name;
    const TCollection_ExtendedString &text = attribute->Get();
    name.resize(static_cast<size_t>(text.LengthOfCString()) + 1);
    Standard_PCharacter start = name.data();
    name.resize(static_cast<size_t>(text.ToUTF8CString(start)));
    // Made up where the file has none.
    return name.compare(0, 3, "=>[") == 0 ? std::string() : name;
}

uint32_t
countLooseFaces(const TopoDS_Shape &shape)
{
    uint32_t count = 0;

    for (TopExp_Explorer at(shape, TopAbs_FACE, TopAbs_SOLID); at.More(); at.Next())
        count++;
    return count;
}

// --- reading ------------------------------------------------------------------------------------

int
explainEmpty(fa_brep_format format, const unsigned char *data, size_t length, fa_error *err)
{
    if (format == FA_BREP_STEP)
        return fa_step_file_explain_empty(reinterpret_cast<const char *>(data), length, err);
    return content(err, "The file holds no solid and no surface.",
                   "Export the part again and include its solid bodies.");
}

int
readStep(fa_brep *brep, const unsigned char *data, size_t length, fa_error *err)
{
    STEPCAFControl_Reader reader;
    const char *text = reinterpret_cast<const char *>(data);
    MemoryBuffer buffer(text, length);
    std::istream stream(&buffer);
    TColStd_SequenceOfAsciiString lengths, angles, solidAngles;

    reader.SetGDTMode(Standard_False);
    reader.SetLayerMode(Standard_False);
    reader.SetMatMode(Standard_False);
    reader.SetViewMode(Standard_False);
    reader.SetSHUOMode(Standard_False);
    if (reader.ChangeReader().ReadStream("part", stream) != IFSelect_RetDone)
        return content(err, "The STEP file cannot be read: it is cut short or malformed.",
                       "Export the part again as STEP AP214 or AP242 with solids.");
    reader.ChangeReader().FileUnits(lengths, angles, solidAngles);
    brep->unit = !lengths.IsEmpty() ? lengths.First().ToCString() : fa::unitInText(text, length);
    if (reader.NbRootsForTransfer() == 0 || !reader.Transfer(brep->document))
        return explainEmpty(FA_BREP_STEP, data, length, err);
    brep->cut = fa_step_file_is_cut(text, length);
    return 0;
}

int
readIges(fa_brep *brep, int fd, fa_error *err)
{
    const std::string name = "/proc/self/fd/" + std::to_string(fd);
    IGESCAFControl_Reader reader;

    reader.SetLayerMode(Standard_False);
    if (reader.ReadFile(name.c_str()) != IFSelect_RetDone || !reader.Transfer(brep->document))
        return content(err, "The IGES file cannot be read: it is cut short or malformed.",
                       "Export the part again, as STEP if that is possible.");
    brep->unit = fa::unitInHead(reader.IGESModel()->GlobalSection());
    return 0;
}

// --- the tree -----------------------------------------------------------------------------------

int32_t
colourOf(fa_brep *brep, fa_scene *scene, const TDF_Label &label, fa_error *err)
{
    Quantity_ColorRGBA colour;

    if (!brep->colours->GetColor(label, XCAFDoc_ColorSurf, colour) &&
        !brep->colours->GetColor(label, XCAFDoc_ColorGen, colour))
        return 0;
    const float rgba[4] = {static_cast<float>(colour.GetRGB().Red()),
                           static_cast<float>(colour.GetRGB().Green()),
                           static_cast<float>(colour.GetRGB().Blue()), colour.Alpha()};
    return fa_scene_add_colour(scene, rgba, err);
}

// Colours and names that the file gives to pieces of a shape.
int
readPieces(fa_brep *brep, fa_scene *scene, const TDF_Label &label, ColourMap &colours,
           NameMap &names, fa_error *err)
{
    TDF_LabelSequence pieces;

    brep->shapes->GetSubShapes(label, pieces);
    pieces.Prepend(label);
    for (const TDF_Label &piece : pieces) {
        int32_t colour = colourOf(brep, scene, piece, err);
        TopoDS_Shape shape = brep->shapes->GetShape(piece);

        if (colour < 0)
            return -1;
        if (colour > 0)
            colours.Bind(shape, colour);
        if (!piece.IsEqual(label) && shape.ShapeType() == TopAbs_SOLID)
            names.Bind(shape, nameOf(piece));
    }
    return 0;
}

// The colour of each face of a body: its own, else its body's, else its shape's.
void
paint(Body &body, const TopoDS_Shape &whole, const ColourMap &colours)
{
    int32_t common = 0;

    if (!colours.Find(body.shape, common))
        colours.Find(whole, common);
    for (TopExp_Explorer shells(body.shape, TopAbs_SHELL); common == 0 && shells.More();
         shells.Next())
        colours.Find(shells.Current(), common);
    for (TopExp_Explorer at(body.shape, TopAbs_FACE); at.More(); at.Next()) {
        int32_t colour = common;

        colours.Find(at.Current(), colour);
        body.colours.push_back(colour);
    }
}

// The bodies of a shape: its solids, or what it has of faces where the file has no solid at all.
std::vector<Body>
findBodies(const fa_brep *brep, const TopoDS_Shape &shape)
{
    std::vector<Body> bodies;

    if (brep->sheets) {
        if (countFaces(shape) > 0)
            bodies.push_back({shape, {}, false});
        return bodies;
    }
    for (TopExp_Explorer at(shape, TopAbs_SOLID); at.More(); at.Next())
        if (countFaces(at.Current()) > 0)
            bodies.push_back({at.Current(), {}, false});
    return bodies;
}

// The shape of a part, made at its first use: its number, or -1.
int32_t
addShape(fa_brep *brep, fa_scene *scene, const TDF_Label &label, fa_error *err)
{
    const TopoDS_Shape whole = brep->shapes->GetShape(label);
    std::vector<Body> bodies = findBodies(brep, whole);
    ColourMap colours;
    NameMap names;
    int32_t number;

    if (brep->known.Find(label, number))
        return number;
    if (readPieces(brep, scene, label, colours, names, err) < 0)
        return -1;
    number = fa_scene_add_shape(scene, nameOf(label).c_str(), bodies.size(), err);
    if (number < 0)
        return -1;
    for (size_t i = 0; i < bodies.size(); i++) {
        fa_body *body = &scene->shapes[number].bodies[i];
        std::string name;

        paint(bodies[i], whole, colours);
        if (names.Find(bodies[i].shape, name) && !name.empty()) {
            body->name = strdup(name.c_str());
            if (body->name == nullptr)
                return fa_error_set(err, FA_E_MEMORY, "body");
        }
        fa::measure(bodies[i].shape, !brep->sheets, &body->exact);
    }
    brep->bodies.push_back(std::move(bodies));
    brep->known.Bind(label, number);
    return number;
}

void
place(fa_node *node, const TopLoc_Location &location)
{
    const gp_Trsf &transformation = location.Transformation();

    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 4; j++)
            node->matrix[i][j] = transformation.Value(i + 1, j + 1);
}

// Adds a component, or a free shape, and what is below it.
int
addNode(fa_brep *brep, fa_scene *scene, const TDF_Label &label, int32_t parent, int depth,
        fa_error *err)
{
    TDF_Label product = label;
    bool component = XCAFDoc_ShapeTool::GetReferredShape(label, product);
    bool groups = XCAFDoc_ShapeTool::IsAssembly(product);
    std::string name = nameOf(label);
    int32_t shape = -1;
    int32_t node;
    TDF_LabelSequence parts;

    if (depth > FA_SCENE_DEPTH_MAX)
        return content(err, "The assembly is nested too deeply.",
                       "Export the parts of the assembly one by one.");
    if (!groups) {
        shape = addShape(brep, scene, product, err);
        if (shape < 0)
            return -1;
    }
    node = fa_scene_add_node(scene, (name.empty() ? nameOf(product) : name).c_str(), parent, shape,
                             err);
    if (node < 0)
        return -1;
    if (component) {
        int32_t colour = colourOf(brep, scene, label, err);

        if (colour < 0)
            return -1;
        scene->nodes[node].colour = colour;
        place(&scene->nodes[node], XCAFDoc_ShapeTool::GetLocation(label));
    }
    if (groups)
        XCAFDoc_ShapeTool::GetComponents(product, parts);
    for (const TDF_Label &part : parts)
        if (addNode(brep, scene, part, node, depth + 1, err) < 0)
            return -1;
    return 0;
}

} // namespace

// --- what brep.h promises -----------------------------------------------------------------------

int
fa_brep_open(fa_brep_format format, int fd, const unsigned char *data, size_t length,
             fa_brep **brep_r, fa_error *err)
{
    *brep_r = nullptr;
    return guarded(err, [&]() {
        fa_brep *brep = *brep_r = new fa_brep;
        TDF_LabelSequence roots;
        uint32_t solids = 0;

        // Its messages would go to standard output.
        Message::DefaultMessenger()->ChangePrinters().Clear();
        Interface_Static::SetCVal("xstep.cascade.unit", "MM");
        Interface_Static::SetIVal("read.stepcaf.subshapes.name", 1);
        brep->document = new TDocStd_Document("BinXCAF");
        brep->shapes = XCAFDoc_DocumentTool::ShapeTool(brep->document->Main());
        brep->colours = XCAFDoc_DocumentTool::ColorTool(brep->document->Main());
        if ((format == FA_BREP_STEP ? readStep(brep, data, length, err) : readIges(brep, fd, err)) <
            0)
            return -1;
        brep->shapes->GetFreeShapes(roots);
        for (const TDF_Label &root : roots) {
            TopoDS_Shape shape = brep->shapes->GetShape(root);

            brep->loose += countLooseFaces(shape);
            for (TopExp_Explorer at(shape, TopAbs_SOLID); at.More(); at.Next())
                solids++;
        }
        brep->sheets = solids == 0;
        return solids + brep->loose > 0 ? 0 : explainEmpty(format, data, length, err);
    });
}

int
fa_brep_describe(fa_brep *brep, fa_scene *scene, fa_brep_facts *facts, fa_error *err)
{
    return guarded(err, [&]() {
        TDF_LabelSequence roots;
        Standard_Real value;

        *facts = fa_brep_facts();
        snprintf(facts->unit, sizeof facts->unit, "%s", brep->unit.c_str());
        facts->loose_faces = brep->loose;
        facts->sheets = brep->sheets;
        facts->cut_short = brep->cut;
        brep->shapes->GetFreeShapes(roots);
        facts->has_volume = facts->has_area = !roots.IsEmpty();
        for (const TDF_Label &root : roots) {
            facts->has_volume = facts->has_volume && XCAFDoc_Volume::Get(root, value);
            facts->volume_mm3 += facts->has_volume ? value : 0;
            facts->has_area = facts->has_area && XCAFDoc_Area::Get(root, value);
            facts->area_mm2 += facts->has_area ? value : 0;
            if (addNode(brep, scene, root, -1, 0, err) < 0)
                return -1;
        }
        return 0;
    });
}

void
fa_brep_close(fa_brep **brep)
{
    delete *brep;
    *brep = nullptr;
}
