"""STEP files that hold triangles only: bodies, and assemblies of them."""
import math

import pytest
from cad import STEP, gltf, run_cad

INCH = 25.4

TESSELLATED = """#10=(LENGTH_UNIT()NAMED_UNIT(*)SI_UNIT(.MILLI.,.METRE.));
#11=(CONVERSION_BASED_UNIT('INCH',#12)LENGTH_UNIT()NAMED_UNIT(#13));
/* a box by strips and fans, over half of a list of points that is counted by the face's own indices */
#20=COORDINATES_LIST('it''s; #21=(x)',10,((9.,9.,9.),(0.,0.,0.),(1.,0.,0.),(1.,2.E+0,0.),(0.,2.,0.),
(0.,0.,3.),(1.,0.,3.),(1.,2.,3.),(0.,2.,3.),(8.,8.,8.)));
#21=COMPLEX_TRIANGULATED_FACE('',#20,8,((0.,0.,1.)),$,(2,3,4,5,6,7,8,9),
((5,1,6,2,7,3,8,4,5,1)),((1,4,3,2),(5,6,7,8)));
#22=TESSELLATED_SOLID('box',(#21,#21,#99),$);
#30=COORDINATES_LIST('',4,((5.,0.,0.),(6.,0.,0.),(5.,1.,0.),(5.,0.,1.)));
#31=TRIANGULATED_FACE('',#30,4,(),$,(),((1,3,2),(1,2,4)));
#32=TRIANGULATED_FACE('',#30,4,(),$,(),((1,4,3),(2,3,4)));
#33=TESSELLATED_SHELL('corner',(#31,#32),$);"""


def test_tessellated_step(tmp_path):
    """A STEP file of triangles has their figures: strips, fans, own indices, inches; a body for each solid."""
    file = tmp_path / "facets.step"
    file.write_text(STEP % TESSELLATED)
    status, cad, glb, error = run_cad(file, tmp_path)
    assert status == 0, error
    assert cad["unit"] == {"name": "inch", "stated": True} and cad["watertight"] and not cad["exact"]
    assert cad["facets"] == 16 and cad["body_count"] == 2
    assert sorted(body["volume_mm3"] for body in cad["bodies"]) == pytest.approx([INCH**3 / 6, 6 * INCH**3], rel=1e-5)
    assert cad["bounding_box_mm"]["max"] == pytest.approx([6 * INCH, 2 * INCH, 3 * INCH])
    assert "triangles, no exact geometry" in " ".join(cad["notes"])
    assert len(gltf(glb)["meshes"][0]["primitives"]) == 2


@pytest.mark.parametrize("triangles, defects", [
    ("(1,3,2),(1,2,4),(1,4,3),(2,3,4)", (0, 0)),
    ("(1,2,3),(1,2,4),(1,4,3),(2,4,3)", (0, 0)),  # as Open CASCADE writes it: some faces turned around
    ("(1,2,3),(1,2,4),(1,4,3)", (3, 2)),
], ids=["outward", "mixed", "open"])
def test_sides(tmp_path, triangles, defects):
    """Faces that look to different sides are turned outward where they close a body, else told."""
    file = tmp_path / "sides.step"
    file.write_text(STEP % ("#10=(LENGTH_UNIT()NAMED_UNIT(*)SI_UNIT(.MILLI.,.METRE.));"
                            "#30=COORDINATES_LIST('',4,((5.,0.,0.),(6.,0.,0.),(5.,1.,0.),(5.,0.,1.)));"
                            f"#31=TRIANGULATED_FACE('',#30,4,(),$,(),({triangles}));#33=TESSELLATED_SHELL('',(#31),$);"))
    status, cad, _, error = run_cad(file, tmp_path)
    assert status == 0, error
    assert (cad["defects"]["open_edges"], cad["defects"]["flipped_edges"]) == defects
    assert cad["watertight"] == (defects == (0, 0)) and cad["overhang"]["bed_mm2"] == (0.5 if cad["watertight"] else 0)


CORNER = (
    "#{0}=COORDINATES_LIST('',4,((0.,0.,0.),({3}.,0.,0.),(0.,{3}.,0.),(0.,0.,{3}.)));\n"
    "#{1}=TRIANGULATED_FACE('',#{0},4,(),$,(),((1,3,2),(1,2,4),(1,4,3),(2,3,4)));\n"
    "#{2}=TESSELLATED_SOLID('',(#{1}),$);\n")


def corner(number, size):
    """A tetrahedron as the instances `number` to `number` + 2, the last of them the solid."""
    return CORNER.format(number, number + 1, number + 2, size)


def product(number, name, items):
    """A product, its definition `number` and its representation `number` + 4."""
    return (f"#{number}=PRODUCT_DEFINITION('design','',#{number + 1},$);\n"
            f"#{number + 1}=PRODUCT_DEFINITION_FORMATION('','',#{number + 2});\n"
            f"#{number + 2}=PRODUCT('id of it','{name}','',());\n"
            f"#{number + 3}=SHAPE_DEFINITION_REPRESENTATION(#{number + 5},#{number + 4});\n"
            f"#{number + 4}=SHAPE_REPRESENTATION('',({items}),$);\n"
            f"#{number + 5}=PRODUCT_DEFINITION_SHAPE('','',#{number});\n")


def use(number, whole, part, origin, place, turned=False):
    """The product `part` as a component of `whole`: its placement `origin` comes to lie on `place`."""
    ends, placements = (part + 4, whole + 4), (origin, place)
    if turned:
        ends, placements = ends[::-1], placements[::-1]
    return (f"#{number}=NEXT_ASSEMBLY_USAGE_OCCURRENCE('1','','',#{whole},#{part},$);\n"
            f"#{number + 1}=PRODUCT_DEFINITION_SHAPE('','',#{number});\n"
            f"#{number + 2}=CONTEXT_DEPENDENT_SHAPE_REPRESENTATION(#{number + 3},#{number + 1});\n"
            f"#{number + 3}=(REPRESENTATION_RELATIONSHIP('','',#{ends[0]},#{ends[1]})\n"
            f" REPRESENTATION_RELATIONSHIP_WITH_TRANSFORMATION(#{number + 4}) SHAPE_REPRESENTATION_RELATIONSHIP());\n"
            f"#{number + 4}=ITEM_DEFINED_TRANSFORMATION('','',#{placements[0]},#{placements[1]});\n")


# Placements: as it is; up by one; a quarter turn around Z at (10, 0, 0); Z along X at (0, 20, 0).
PLACES = """#10=( LENGTH_UNIT() NAMED_UNIT(*) SI_UNIT ( .MILLI. , .METRE. ) );
#20=AXIS2_PLACEMENT_3D('',#30,$,$);
#21=AXIS2_PLACEMENT_3D('',#31,#40,#41);
#22=AXIS2_PLACEMENT_3D('',#32,#40,#42);
#23=AXIS2_PLACEMENT_3D('',#33,#41,$);
#30=CARTESIAN_POINT('',(0.,0.,0.));
#31=CARTESIAN_POINT('',(0.,0.,1.));
#32=CARTESIAN_POINT('',(10.,0.,0.));
#33=CARTESIAN_POINT('',(0.,20.,0.));
#40=DIRECTION('',(0.,0.,2.));
#41=DIRECTION('',(1.,0.,0.));
#42=DIRECTION('',(0.,1.,0.5));
"""
WHOLE, GROUP, SMALL, LARGE = 100, 200, 300, 400
PARTS = (product(WHOLE, "whole", "#20,#22") + product(GROUP, "group", "#20") + product(SMALL, "", "#20")
         # the large part's body is in another representation of the same shape
         + product(LARGE, r"gro\X2\00DF\X0\, it''s \X\E4\S\d", "#20")
         + f"#410=TESSELLATED_SHAPE_REPRESENTATION('',(#420,#602),$);\n"
         + f"#411=SHAPE_REPRESENTATION_RELATIONSHIP('','',#{LARGE + 4},#410);\n#420=COORDINATES_LIST('',0,());\n"
         + corner(600, 3))
SMALL_BODY = corner(500, 2) + "#510=TESSELLATED_SHAPE_REPRESENTATION('',(#502),$);\n" \
    + f"#511=SHAPE_REPRESENTATION_RELATIONSHIP('','',#510,#{SMALL + 4});\n"
ASSEMBLY = (PLACES + PARTS + SMALL_BODY
            + use(700, GROUP, SMALL, 20, 21) + use(710, GROUP, LARGE, 21, 20, turned=True)
            + use(720, WHOLE, GROUP, 20, 22) + use(730, WHOLE, GROUP, 20, 23) + use(740, WHOLE, SMALL, 21, 22))


def test_assembly(tmp_path):
    """Each part of an assembly is shown under its name wherever the file places it, and held once."""
    file = tmp_path / "assembly.step"
    file.write_text(STEP % ASSEMBLY)
    status, cad, glb, error = run_cad(file, tmp_path)
    assert status == 0, error
    boxes = [(body["bounding_box_mm"]["min"], body["bounding_box_mm"]["max"]) for body in cad["bodies"]]
    assert [pytest.approx(sum(box, start=[]), abs=1e-5) for box in (
        # the group turned by a quarter at (10, 0, 0): X becomes Y, Y becomes -X
        ([8, 0, 1], [10, 2, 3]), ([7, 0, -1], [10, 3, 2]),
        # the group at (0, 20, 0), its Z along X, its X along Z: Y becomes -Y
        ([1, 18, 0], [3, 20, 2]), ([-1, 17, 0], [2, 20, 3]),
        ([8, 0, -1], [10, 2, 1]))] == [low + high for low, high in boxes]
    assert cad["volume_mm3"] == pytest.approx(3 * 8 / 6 + 2 * 27 / 6)
    assert cad["watertight"] and not cad["exact"] and cad["unit"] == {"name": "mm", "stated": True}
    model = gltf(glb)
    assert [node["name"] for node in model["nodes"][1:]] == [
        "whole", "group", "id of it", "groß, it's ää", "group", "id of it", "groß, it's ää", "id of it"]
    assert len(model["meshes"]) == 2


@pytest.mark.parametrize("text, message", [
    ("#1=COORDINATES_LIST('',3,((0.,0.,0.),(1.,0.,0.),(0.,1.,0.)));\n"
     "#2=TESSELLATED_SHELL('',(#3),$);\n#3=TRIANGULATED_FACE('',#1,3,(),$,(),((1,2,4)));", "malformed"),
    (ASSEMBLY.replace("#700=NEXT", "#799=NEXT"), "does not say where a part of its assembly is placed"),
    (ASSEMBLY.replace("#31,#40,#41)", "#31,#40,#39)"), "does not say where"),
    (ASSEMBLY.replace("#40,#42)", "#40,#40)"), "does not say where"),
    (ASSEMBLY + use(750, SMALL, WHOLE, 20, 20), "contain each other"),
    (ASSEMBLY + corner(800, 1), "no part of its assembly names"),
    (ASSEMBLY.replace("#305=PRODUCT_DEFINITION_SHAPE", "#305=PROPERTY_DEFINITION"), "no part of its assembly names"),
    (PLACES + product(WHOLE, "", "#20") + product(SMALL, "", "#20") + use(700, WHOLE, SMALL, 20, 20)
     + "#1=TRIANGULATED_FACE('',#2,0,(),$,(),());", "holds no triangle"),
], ids=["corner", "unplaced", "direction", "parallel", "all-in-each-other", "nobody's", "undefined", "empty"])
def test_bad_tessellation(tmp_path, text, message):
    """Triangles that lead nowhere, and assemblies that do not say what is where, end with a sentence."""
    file = tmp_path / "bad.step"
    file.write_text(STEP % text)
    status, _, _, error = run_cad(file, tmp_path)
    assert status == 3 and message in error and "HINT:" in error
