// What Open CASCADE knows of a body: its exact figures, and its meshes.
#include "jobs/cad/brep_parts.hxx"

#include <BRepAdaptor_Curve2d.hxx>
#include <BRepAdaptor_Surface.hxx>
#include <BRepBndLib.hxx>
#include <BRepGProp_Domain.hxx>
#include <BRepGProp_Face.hxx>
#include <BRepGProp_Sinert.hxx>
#include <BRepGProp_Vinert.hxx>
#include <BRepMesh_IncrementalMesh.hxx>
#include <BRepTools.hxx>
#include <BRep_Tool.hxx>
#include <Bnd_Box.hxx>
#include <GProp_GProps.hxx>
#include <Poly_Triangulation.hxx>
#include <TopExp.hxx>
#include <TopExp_Explorer.hxx>
#include <TopTools_IndexedMapOfShape.hxx>
#include <TopoDS.hxx>

#include <cmath>
#include <utility>

using fa::Body;

namespace
{

// Of the area and the volume under a face of free form, relative.
constexpr double integrationError = 1e-6;

GeomAbs_SurfaceType
surfaceOf(const TopoDS_Face &face)
{
    return BRepAdaptor_Surface(face, Standard_False).GetType();
}

bool
isFreeForm(const TopoDS_Face &face)
{
    const GeomAbs_SurfaceType type = surfaceOf(face);

    return type != GeomAbs_Plane && type != GeomAbs_Cylinder && type != GeomAbs_Cone &&
           type != GeomAbs_Sphere && type != GeomAbs_Torus;
}

bool
isPlaneInSplines(const TopoDS_Face &face)
{
    if (surfaceOf(face) != GeomAbs_Plane)
        return false;
    for (TopExp_Explorer at(face, TopAbs_EDGE); at.More(); at.Next()) {
        const GeomAbs_CurveType type =
            BRepAdaptor_Curve2d(TopoDS::Edge(at.Current()), face).GetType();

        if (type == GeomAbs_BezierCurve || type == GeomAbs_BSplineCurve)
            return true;
    }
    return false;
}

// Adds the area of a face, and the volume between it and the origin.  With a fixed number of points
// for each edge, as Open CASCADE takes them if not told otherwise, a screw's volume is wrong by a
// hundredth; to look for the error of every face takes three times as long, for nothing.
void
integrate(const TopoDS_Face &face, const gp_Pnt &origin, GProp_GProps &area, GProp_GProps &volume)
{
    const bool adapts = isFreeForm(face) || isPlaneInSplines(face);
    BRepGProp_Face surface;
    BRepGProp_Domain edges;
    auto add = [&](auto integral, GProp_GProps &sum) {
        edges.Init(face);
        integral.SetLocation(origin);
        if (adapts)
            integral.Perform(surface, edges, integrationError);
        else
            integral.Perform(surface, edges);
        sum.Add(integral);
    };

    surface.Load(face);
    add(BRepGProp_Sinert(), area);
    if (face.Orientation() == TopAbs_FORWARD || face.Orientation() == TopAbs_REVERSED)
        add(BRepGProp_Vinert(), volume);
}

void
measureRadii(const TopoDS_Shape &shape, fa_exact *exact)
{
    for (TopExp_Explorer at(shape, TopAbs_FACE); at.More(); at.Next()) {
        const TopoDS_Face &face = TopoDS::Face(at.Current());
        BRepAdaptor_Surface surface(face);
        double radius = 0;

        if (surface.GetType() == GeomAbs_Cylinder)
            radius = surface.Cylinder().Radius();
        else if (surface.GetType() == GeomAbs_Sphere)
            radius = surface.Sphere().Radius();
        else if (surface.GetType() == GeomAbs_Torus)
            radius = surface.Torus().MinorRadius();
        if (!(radius > 0))
            continue;
        if (exact->smallest_radius_mm == 0 || radius < exact->smallest_radius_mm)
            exact->smallest_radius_mm = radius;
        // Material around the axis, seen from inside the whole way round: a hole.
        bool direct =
            surface.GetType() == GeomAbs_Cylinder && surface.Cylinder().Position().Direct();
        bool inwards = (face.Orientation() == TopAbs_REVERSED) == direct;
        bool round = surface.LastUParameter() - surface.FirstUParameter() > M_PI * 0.99;
        if (surface.GetType() == GeomAbs_Cylinder && inwards && round &&
            (exact->smallest_hole_mm == 0 || 2 * radius < exact->smallest_hole_mm))
            exact->smallest_hole_mm = 2 * radius;
    }
}

} // namespace

uint32_t
fa::countFaces(const TopoDS_Shape &shape)
{
    TopTools_IndexedMapOfShape faces;

    TopExp::MapShapes(shape, TopAbs_FACE, faces);
    return static_cast<uint32_t>(faces.Extent());
}

void
fa::measure(const TopoDS_Shape &shape, bool solid, fa_exact *exact)
{
    Bnd_Box box;

    *exact = fa_exact();
    exact->known = true;
    exact->solid = solid;
    exact->faces = countFaces(shape);
    // Loose, but at once; fa_brep_mesh makes it tight.
    BRepBndLib::Add(shape, box, Standard_False);
    if (box.IsVoid()) {
        exact->known = false;
        return;
    }
    const gp_Pnt origin((box.CornerMin().XYZ() + box.CornerMax().XYZ()) / 2);
    GProp_GProps area(origin), volume(origin);
    for (TopExp_Explorer at(shape, TopAbs_FACE); at.More(); at.Next())
        integrate(TopoDS::Face(at.Current()), origin, area, volume);
    exact->area_mm2 = area.Mass();
    exact->volume_mm3 = solid ? std::fabs(volume.Mass()) : 0;
    exact->known = std::isfinite(exact->volume_mm3) && std::isfinite(exact->area_mm2);
    if (!exact->known)
        return;
    const gp_Pnt centre = solid ? volume.CentreOfMass() : area.CentreOfMass();
    box.Get(exact->min_mm[0], exact->min_mm[1], exact->min_mm[2], exact->max_mm[0],
            exact->max_mm[1], exact->max_mm[2]);
    for (int i = 0; i < 3; i++)
        exact->centre_mm[i] = centre.Coord(i + 1);
    measureRadii(shape, exact);
}

// --- meshes -------------------------------------------------------------------------------------

namespace
{

// The triangles of a body's faces, outward, as a soup.
struct Soup {
    std::vector<float> corners;
    std::vector<uint16_t> colours;
    uint32_t missing = 0;
    double area = 0;

    void
    add(const TopoDS_Face &face, int32_t colour)
    {
        TopLoc_Location location;
        Handle(Poly_Triangulation) mesh = BRep_Tool::Triangulation(face, location);
        gp_Trsf place = location.Transformation();
        bool turned = (face.Orientation() == TopAbs_REVERSED) != place.IsNegative();

        if (mesh.IsNull() || mesh->NbTriangles() == 0) {
            missing++;
            return;
        }
        for (int i = 1; i <= mesh->NbTriangles(); i++) {
            int nodes[3];
            gp_XYZ points[3];

            mesh->Triangle(i).Get(nodes[0], nodes[turned ? 2 : 1], nodes[turned ? 1 : 2]);
            for (int k = 0; k < 3; k++) {
                points[k] = mesh->Node(nodes[k]).Transformed(place).XYZ();
                for (int axis = 1; axis <= 3; axis++)
                    corners.push_back(static_cast<float>(points[k].Coord(axis)));
            }
            colours.push_back(static_cast<uint16_t>(colour));
            area += (points[1] - points[0]).CrossMagnitude(points[2] - points[0]) / 2;
        }
    }
};

// The box of a face's triangles.
Bnd_Box
boxOfMesh(const TopoDS_Face &face)
{
    TopLoc_Location location;
    Handle(Poly_Triangulation) mesh = BRep_Tool::Triangulation(face, location);
    Bnd_Box box;

    for (int i = 1; !mesh.IsNull() && i <= mesh->NbNodes(); i++)
        box.Add(mesh->Node(i).Transformed(location.Transformation()));
    return box;
}

// Some side of the face comes within `reach` of the body's.
bool
touchesSide(const Bnd_Box &face, const Bnd_Box &body, double reach)
{
    const gp_Pnt low = face.CornerMin(), high = face.CornerMax();
    const gp_Pnt bodyLow = body.CornerMin(), bodyHigh = body.CornerMax();

    for (int axis = 1; axis <= 3; axis++)
        if (low.Coord(axis) - bodyLow.Coord(axis) < reach ||
            bodyHigh.Coord(axis) - high.Coord(axis) < reach)
            return true;
    return false;
}

// The face reaches further than the box on some side.
bool
reachesOut(const Bnd_Box &face, const Bnd_Box &box, double more)
{
    const gp_Pnt low = face.CornerMin(), high = face.CornerMax();
    const gp_Pnt boxLow = box.CornerMin(), boxHigh = box.CornerMax();

    for (int axis = 1; axis <= 3; axis++)
        if (low.Coord(axis) < boxLow.Coord(axis) - more ||
            high.Coord(axis) > boxHigh.Coord(axis) + more)
            return true;
    return false;
}

bool
isSimple(const TopoDS_Face &face)
{
    return surfaceOf(face) != GeomAbs_Torus && !isFreeForm(face);
}

// The exact box.  It takes long for a face, so only those are asked whose mesh comes near the
// mesh's own box: no other can reach further than the mesh deviates.  Of them first the simple
// ones; fillets and free forms, which take the longest, only where they reach out further.
void
tightenBox(const Body &body, double deflection, fa_exact *exact)
{
    std::vector<std::pair<TopoDS_Face, Bnd_Box>> faces;
    Bnd_Box all, box;

    for (TopExp_Explorer at(body.shape, TopAbs_FACE); at.More(); at.Next()) {
        const TopoDS_Face &face = TopoDS::Face(at.Current());

        faces.emplace_back(face, boxOfMesh(face));
        if (!faces.back().second.IsVoid())
            all.Add(faces.back().second);
    }
    if (all.IsVoid())
        return;
    const double reach = 2 * deflection;
    const double nothing = 1e-7 * std::sqrt(all.SquareExtent());
    for (const auto &[face, mesh] : faces)
        if (!mesh.IsVoid() && touchesSide(mesh, all, reach) && isSimple(face))
            BRepBndLib::AddOptimal(face, box, Standard_False, Standard_False);
    for (const auto &[face, mesh] : faces)
        if (mesh.IsVoid() || (touchesSide(mesh, all, reach) && !isSimple(face) &&
                              (box.IsVoid() || reachesOut(mesh, box, nothing))))
            BRepBndLib::AddOptimal(face, box, Standard_False, Standard_False);
    if (box.IsVoid())
        return;
    box.Get(exact->min_mm[0], exact->min_mm[1], exact->min_mm[2], exact->max_mm[0],
            exact->max_mm[1], exact->max_mm[2]);
    for (int i = 0; i < 3; i++) {
        exact->min_mm[i] += box.GetGap();
        exact->max_mm[i] -= box.GetGap();
    }
}

// Meshes a body by one of Open CASCADE's two ways to make a triangulation.
Soup
triangulate(const Body &body, IMeshTools_Parameters parameters, IMeshTools_MeshAlgoType way)
{
    Soup soup;
    size_t number = 0;

    parameters.MeshAlgo = way;
    BRepTools::Clean(body.shape);
    BRepMesh_IncrementalMesh mesher(body.shape, parameters);
    for (TopExp_Explorer at(body.shape, TopAbs_FACE); at.More(); at.Next())
        soup.add(TopoDS::Face(at.Current()), body.colours[number++]);
    return soup;
}

// An arc's chord is shorter by angle^2 / 24 of it.  Both directions of a surface lose twice that;
// as much again is granted.
bool
isPlausible(const Soup &soup, const fa_exact &exact, double angle)
{
    return soup.missing == 0 && (!exact.known || std::fabs(soup.area - exact.area_mm2) <=
                                                     angle * angle / 6 * exact.area_mm2);
}

bool
isBetter(const Soup &soup, const Soup &other, const fa_exact &exact)
{
    if (soup.missing != other.missing)
        return soup.missing < other.missing;
    return exact.known &&
           std::fabs(soup.area - exact.area_mm2) < std::fabs(other.area - exact.area_mm2);
}

// Delabella's way takes half the time or less.  Where it fails, which only damaged files have
// shown, Watson's is the better one about as often as not.
Soup
meshBody(const Body &body, const fa_exact &exact, const IMeshTools_Parameters &parameters)
{
    Soup soup = triangulate(body, parameters, IMeshTools_MeshAlgoType_Delabella);

    if (isPlausible(soup, exact, parameters.Angle))
        return soup;
    Soup other = triangulate(body, parameters, IMeshTools_MeshAlgoType_Watson);
    return isBetter(other, soup, exact) ? other : soup;
}

int
keepMesh(const Soup &soup, fa_body *out, fa_error *err)
{
    fa_mesh_free(&out->mesh);
    out->missing_faces = soup.missing;
    if (soup.colours.empty())
        return 0;
    return fa_mesh_weld(reinterpret_cast<const float(*)[3]>(soup.corners.data()),
                        soup.colours.data(), soup.colours.size(), &out->mesh, err);
}

} // namespace

int
fa_brep_mesh(fa_brep *brep, fa_scene *scene, double deflection_mm, double angle, fa_error *err)
{
    return fa::guarded(err, [&]() {
        IMeshTools_Parameters parameters;

        parameters.Deflection = deflection_mm;
        parameters.Angle = angle;
        parameters.InParallel = Standard_False;
        for (size_t i = 0; i < brep->bodies.size(); i++)
            for (size_t j = 0; j < brep->bodies[i].size(); j++) {
                Body &body = brep->bodies[i][j];
                fa_body *out = &scene->shapes[i].bodies[j];
                const Soup soup = meshBody(body, out->exact, parameters);

                if (!body.tight && out->exact.known)
                    tightenBox(body, deflection_mm, &out->exact);
                body.tight = true;
                if (keepMesh(soup, out, err) < 0)
                    return -1;
            }
        return 0;
    });
}
