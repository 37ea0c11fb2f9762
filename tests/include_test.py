#!/usr/bin/env python3
"""Reads every #include and every CMake link of the layers, and fails on an edge that points the wrong way.

usage: include_test.py ROOT     prints one line a defect; exit status 1 if there is any
"""

import os
import re
import sys
from pathlib import Path

# What each layer stands on, from the ground up. It may include these, and what these may include.
LAYERS = {
    "base": [],
    "random": ["base"],
    "math": ["base", "random"],
    "kernels": ["base", "math"],
    "ring": ["kernels", "math", "random"],
    "rlwe": ["ring"],
    "ckks": ["rlwe"],
    "bfv": ["rlwe"],
    "paillier": ["math", "random", "kernels"],
    "circuits": ["ckks"],
    "data": ["base", "random"],
    "ml": ["circuits", "bfv", "paillier", "data"],
    "wire": ["base", "random", "math", "kernels", "ring", "rlwe", "ckks", "bfv", "paillier", "circuits", "data",
             "ml"],
    "pipeline": ["ml", "wire"],
    "service": ["pipeline"],
}

# Folders whose programs act for the owner, or test both sides.
OWNER_FOLDERS = ("apps/cloister", "tests", "bench", "examples")
SERVER_FOLDERS = ("apps/cloister-server",)
# Interface targets that wrap a system library or hold compiler options: no layers.
PLAIN_TARGETS = {"cloister_options", "cloister_gmp", "cloister_csv"}

SOURCE_SUFFIXES = {".h", ".hpp", ".c", ".cc", ".cpp", ".inc", ".ipp", ".cu"}
INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*(.*)$", re.MULTILINE)
LITERAL = re.compile(r'^(?:<([^>]+)>|"([^"]+)")')
CMAKE_CALL = re.compile(r"\b(cloister_layer|target_link_libraries)\s*\(([^()]*)\)")
CMAKE_KEYWORDS = {"DEPENDS", "LIBRARIES", "SOURCES", "PUBLIC", "PRIVATE", "INTERFACE"}


def closure(layers):
    """The layers that each layer may include, itself among them."""
    reach = {}
    for layer, below in layers.items():
        reach[layer] = {layer}.union(*(reach[b] for b in below))
    return reach


REACH = closure(LAYERS)


def in_folder(path, folders):
    return any(path == f or path.startswith(f + "/") for f in folders)


def is_test(path):
    """Unit tests, and the headers that only they share."""
    stem = path.rsplit("/", 1)[-1].split(".")[0]
    return stem.endswith("_test") or "_test_" in stem or "/testing/" in path


def layer_of(path):
    """The layer of a path such as src/cloister/ring/x.h; None outside the layers."""
    parts = path.split("/")
    return parts[2] if len(parts) > 3 and parts[:2] == ["src", "cloister"] else None


def resolve(root, source, text):
    """The repository path that an include text names, or None for the system's headers."""
    if text.startswith("cloister/"):
        return "src/" + os.path.normpath(text)
    for base in (os.path.dirname(source), "", "src", "apps"):
        path = os.path.normpath(os.path.join(base, text))
        if not path.startswith("..") and (root / path).is_file():
            return path
    return None


def include_defect(source, target):
    """Why `source` may not include `target` (both repository paths), or None if it may."""
    here, there = layer_of(source), layer_of(target)
    if there is None:
        if here is not None:
            return "lies outside the layers"
        if in_folder(source, SERVER_FOLDERS) and in_folder(target, OWNER_FOLDERS):
            return "belongs to the owner's program, which the server's may not include"
        return None
    if there not in LAYERS:
        return f"'{there}' is no layer of the table in tests/include_test.py"
    if here is not None and there not in REACH[here]:
        return f"{here} may not include {there}"
    if "/internal/" in target and here != there:
        return f"{there}/internal/ is for {there} alone"
    if is_test(target) and not (is_test(source) or in_folder(source, ("tests", "bench"))):
        return "a test's header is for tests alone"
    if "/owner/" in target:
        owner_side = "/owner/" in source or is_test(source) or in_folder(source, OWNER_FOLDERS)
        if not owner_side:
            return "a header under owner/ is for the owner's side alone"
    return None


def check_file(root, source):
    here = layer_of(source)
    if source.startswith("src/cloister/") and here not in LAYERS:
        yield f"{source}: '{here}' is no layer of the table in tests/include_test.py"
        return
    text = (root / source).read_text(encoding="utf-8").replace("\\\n", " ")
    for match in INCLUDE.finditer(text):
        where = f"{source}:{text.count(chr(10), 0, match.start()) + 1}"
        literal = LITERAL.match(match[1])
        if not literal:
            yield f"{where}: #include {match[1]}: name the file itself, so that this test can read it"
            continue
        name = literal[1] or literal[2]
        if here is not None and literal[2] and not name.startswith("cloister/"):
            yield f'{where}: #include "{name}": write it as "cloister/<layer>/<file>"'
            continue
        target = resolve(root, source, name)
        defect = target and include_defect(source, target)
        if defect:
            yield f"{where}: #include {name}: {defect}"


def split_target(name):
    """(layer, is_owner) of a layer's target name without the prefix cloister_."""
    return (name[: -len("_owner")], True) if name.endswith("_owner") else (name, False)


def link_defect(target, dependency):
    """Why the target of one layer may not link that of another, or None if it may."""
    layer, owner = split_target(target)
    below, below_owner = split_target(dependency)
    if below not in LAYERS:
        return f"'{below}' is no layer of the table in tests/include_test.py"
    if below_owner and not owner:
        return f"{target} is in the server's link set; only a target named *_owner may link {dependency}"
    if owner:
        # An owner's target adds to its layer what the server must not have, wherever below it that lies.
        return None if below in REACH[layer] else f"{layer} may not link {below}"
    links = " ".join(LAYERS[layer]) or "none"
    return None if below in LAYERS[layer] else f"links {dependency}, where the table has: {links}"


def check_layer_call(where, folder, words):
    target, section = words[0], None
    layer, owner = split_target(target)
    if layer not in LAYERS:
        yield f"{where}: cloister_layer({target}): no layer of the table in tests/include_test.py"
        return
    if layer != folder:
        yield f"{where}: cloister_layer({target}): belongs in src/cloister/{layer}"
    for word in words[1:]:
        if word in CMAKE_KEYWORDS:
            section = word
        elif section == "SOURCES" and word.startswith("owner/") != owner:
            home = f"{layer} holds" if word.startswith("owner/") else f"{target} is for owner/ alone, but holds"
            yield f"{where}: cloister_layer({target}): {home} {word}"
        elif section == "DEPENDS" or (word.startswith("cloister_") and word not in PLAIN_TARGETS):
            defect = link_defect(target, word.removeprefix("cloister_"))
            if defect:
                yield f"{where}: cloister_layer({target}): {defect}"


def check_link_call(where, words):
    """target_link_libraries: the layers' own go by the table, and no server program links an owner's target."""
    target = words[0].removeprefix("cloister_")
    server_program = "server" in re.split(r"[-_]", words[0])
    for word in words[1:]:
        if not word.startswith("cloister_") or word in PLAIN_TARGETS:
            continue
        dependency = word.removeprefix("cloister_")
        defect = None
        if words[0].startswith("cloister_") and split_target(target)[0] in LAYERS:
            defect = link_defect(target, dependency)
        elif server_program and split_target(dependency)[1]:
            defect = f"{words[0]} may not link {word}: it decrypts, or knows secret keys"
        if defect:
            yield f"{where}: target_link_libraries({words[0]}): {defect}"


def check_cmake(root, path):
    text = re.sub(r"#[^\n]*", "", (root / path).read_text(encoding="utf-8"))
    for match in CMAKE_CALL.finditer(text):
        words = match[2].split()
        where = f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
        if not words or "$" in words[0]:
            continue
        if match[1] == "cloister_layer":
            yield from check_layer_call(where, layer_of(path), words)
        else:
            yield from check_link_call(where, words)


def check_tree(root):
    """All defects of the tree at `root`, and how many files were read."""
    defects, read = [], 0
    for top in ("src", "apps", "tests", "bench", "examples"):
        for file in sorted((root / top).rglob("*")):
            path = file.relative_to(root).as_posix()
            if file.suffix in SOURCE_SUFFIXES:
                defects += check_file(root, path)
            elif file.name == "CMakeLists.txt" or file.suffix == ".cmake":
                defects += check_cmake(root, path)
            else:
                continue
            read += 1
    return defects, read


def main(arguments):
    if len(arguments) != 2 or not (Path(arguments[1]) / "src/cloister").is_dir():
        print(__doc__, file=sys.stderr)
        return 2
    defects, read = check_tree(Path(arguments[1]))
    for defect in defects:
        print(defect)
    print(f"{read} files read, {len(defects)} wrong edges")
    return 1 if defects else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
