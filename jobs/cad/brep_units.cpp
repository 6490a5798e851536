// The unit of length that a file was written in.
#include "jobs/cad/brep_parts.hxx"
#include "lib/geometry/step_file.h"

#include <IGESData_GlobalSection.hxx>

#include <iterator>

// Where a file has several representations, the reader may miss the one with the unit.
std::string
fa::unitInText(const char *text, size_t length)
{
    double scale;
    const char *unit = fa_step_file_unit(text, length, &scale);

    return unit != nullptr ? unit : "";
}

// A number, or where that is 3 a name (IGES 5.3, 2.2.4.3.14).
std::string
fa::unitInHead(const IGESData_GlobalSection &head)
{
    static const char *const names[] = {"",      "inch",      "mm", "",           "foot",      "",
                                        "metre", "kilometre", "",   "micrometre", "centimetre"};
    const int flag = head.UnitFlag();

    if (flag == 3 && !head.UnitName().IsNull())
        return head.UnitName()->ToCString();
    return flag > 0 && flag < static_cast<int>(std::size(names)) ? names[flag] : "";
}
