// Inside jobs/cad only: what the files that use Open CASCADE share.
#ifndef FA_JOBS_CAD_BREP_PARTS_HXX
#define FA_JOBS_CAD_BREP_PARTS_HXX

#include "jobs/cad/brep.h"

#include <NCollection_DataMap.hxx>
#include <Standard_Failure.hxx>
#include <TDF_LabelMapHasher.hxx>
#include <TDocStd_Document.hxx>
#include <TopoDS_Shape.hxx>
#include <XCAFDoc_ColorTool.hxx>
#include <XCAFDoc_ShapeTool.hxx>

#include <exception>
#include <new>
#include <string>
#include <vector>

class IGESData_GlobalSection;

namespace fa
{

// One body of a shape: a solid, or the faces of a part that has none.
struct Body {
    TopoDS_Shape shape;
    std::vector<int32_t> colours; // one for each face, in the order of TopExp_Explorer
    bool tight = false;           // its exact box is known
};

uint32_t countFaces(const TopoDS_Shape &shape);

// The exact figures of a body; a solid encloses a volume.
void measure(const TopoDS_Shape &shape, bool solid, fa_exact *exact);

// The unit that a STEP file or the head of an IGES file states, as it spells it; empty: none.
std::string unitInText(const char *text, size_t length);
std::string unitInHead(const IGESData_GlobalSection &head);

// Runs what may throw; every exception is about the file, but for want of memory.
template <typename Work>
int
guarded(fa_error *err, Work work)
{
    try {
        return work();
    } catch (const std::bad_alloc &) {
        return fa_error_set(err, FA_E_MEMORY, "Open CASCADE");
    } catch (const Standard_Failure &failure) {
        fa_error_set(err, FA_E_CONTENT, "The geometry of the file cannot be computed (%.100s).",
                     failure.DynamicType()->Name());
    } catch (const std::exception &) {
        fa_error_set(err, FA_E_CONTENT, "The geometry of the file cannot be computed.");
    }
    return fa_error_action(err, "Check and heal the part in the CAD system, and export it again.");
}

} // namespace fa

struct fa_brep {
    Handle(TDocStd_Document) document;
    Handle(XCAFDoc_ShapeTool) shapes;
    Handle(XCAFDoc_ColorTool) colours;
    std::string unit;
    bool cut = false;    // the file's end is missing
    bool sheets = false; // there is no solid in the file: faces are what is measured
    uint32_t loose = 0;  // faces outside of solids
    std::vector<std::vector<fa::Body>> bodies; // by shape of the scene
    NCollection_DataMap<TDF_Label, int32_t, TDF_LabelMapHasher> known;
};

#endif
