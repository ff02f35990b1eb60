"""No module imports itself in a circle, inside a room or across rooms; imports inside functions count."""

import grimp


def test_no_module_is_in_an_import_circle() -> None:
    # Imports for types alone are left out: they are never run.
    graph = grimp.build_graph("discover", exclude_type_checking_imports=True)
    waiting = {m: set(graph.find_modules_directly_imported_by(m)) for m in graph.modules}
    assert len(waiting) > 300
    # Modules that import nothing which is still waiting are taken away until none is left to take.
    while free := {module for module, imported in waiting.items() if not imported & waiting.keys()}:
        waiting = {module: imported for module, imported in waiting.items() if module not in free}
    assert not waiting, f"in circles, or importing one: {sorted(waiting)}"
