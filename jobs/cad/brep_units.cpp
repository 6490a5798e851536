// The unit of length that a file was written in.
#include "jobs/cad/brep_parts.hxx"

#include <IGESData_GlobalSection.hxx>

#include <iterator>
#include <string_view>

// Where a file has several representations, the reader may miss the one with the unit.
std::string
fa::unitInText(const unsigned char *data, size_t length)
{
    static const struct {
        std::string_view text;
        const char *unit;
    } units[] = {{"CONVERSION_BASED_UNIT('INCH'", "inch"},
                 {"CONVERSION_BASED_UNIT ( 'INCH'", "inch"},
                 {"SI_UNIT(.MILLI.,.METRE.)", "millimetre"},
                 {"SI_UNIT ( .MILLI., .METRE. )", "millimetre"},
                 {"SI_UNIT($,.METRE.)", "metre"}};
    const std::string_view file(reinterpret_cast<const char *>(data), length);

    for (const auto &unit : units)
        if (file.find(unit.text) != file.npos)
            return unit.unit;
    return "";
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
