"""Compares our declarations of a server's binary interface with the real thing.

Runs inside gdb, which reads both sides from debug information: `gdb -batch -x check.py`. ci/abi
prepares everything:
  ABI_SERIES     such as 5.6
  ABI_OURS       object file of our declarations
  ABI_SYSTEM     object file of the system headers that they need, alone
  ABI_THEIRS     object file of the server's headers, or a mysqld with debug information; if empty,
                 the script only writes WANTED
  ABI_WANTED     file to write: what the object of the server's headers must hold (see `wanted`)
  ABI_UNKNOWN    names that the server's headers do not have, as the compiler said
  ABI_NAMES      the table of what has another name in the server, tests/abi/names
  ABI_MESSAGES   the server's lists of messages, for error numbers (space-separated; may be empty)
  ABI_SYMBOLS    what nm says of the mysqld; ABI_SYS: src/sys/src, whose names are looked up there
  ABI_REPORT     file to write: one line, counts and the number of differences
What is compared is read from our declarations, so nothing that is added there can be forgotten.
"""

import fnmatch
import os
import re
import sys

import gdb

STRUCT, ENUM, POINTER, FUNCTION = (
    gdb.TYPE_CODE_STRUCT,
    gdb.TYPE_CODE_ENUM,
    gdb.TYPE_CODE_PTR,
    gdb.TYPE_CODE_FUNC,
)
REFERENCE, UNION, ARRAY = gdb.TYPE_CODE_REF, gdb.TYPE_CODE_UNION, gdb.TYPE_CODE_ARRAY

env = os.environ
series = env["ABI_SERIES"]
differences, remarks = [], []


class Names:
    """The table of tests/abi/names: WHERE OURS HOW [THEIRS]."""

    def __init__(self, path):
        self.rows = []
        for number, line in enumerate(open(path), 1):
            words = line.split("#")[0].split(None, 3)
            if not words:
                continue
            if len(words) < 3 or (words[2] in ("=", "<=")) != (len(words) == 4):
                raise SystemExit(f"{path}:{number}: not understood: {line.strip()}")
            self.rows.append(
                (words[0].split(","), words[1], words[2], (words[3:] or [""])[0].strip())
            )

    def look(self, name):
        """How `name` of ours is compared: (HOW, THEIRS). The first row that fits the series counts."""
        for where, ours, how, theirs in self.rows:
            if any(fnmatch.fnmatchcase(series, one) for one in where) and fnmatch.fnmatchcase(
                name, ours
            ):
                return how, theirs
        return "=", None


def differs(what, ours, theirs):
    differences.append(f"{what}: ours {ours}, the server's {theirs}")


def plain(type_):
    return type_.strip_typedefs().unqualified()


def kind(type_):
    """What must not be confused: a pointer, a whole number, something larger."""
    code = plain(type_).code
    return (
        "pointer"
        if code in (POINTER, REFERENCE)
        else "large" if code in (STRUCT, UNION, ARRAY) else "number"
    )


def shape(type_):
    """Kinds and sizes of what a function takes and gives; None: not a pointer to a function."""
    type_ = plain(type_)
    if type_.code != POINTER or plain(type_.target()).code != FUNCTION:
        return None
    function = plain(type_.target())
    one = lambda t: f"{kind(t)} {8 if kind(t) == 'pointer' else plain(t).sizeof}"
    result = plain(function.target())
    takes = [one(field.type) for field in function.fields()]
    return f"({', '.join(takes)})", "nothing" if result.code == gdb.TYPE_CODE_VOID else one(result)


# --- our side ---------------------------------------------------------------


def declared(path):
    """The types and constants of an object file: {name: type}, {name: number}."""
    gdb.execute(f"file {path}", to_string=True)
    symbols = list(gdb.lookup_global_symbol("abi_anchor").symtab.static_block())
    types, constants = {}, {}
    for symbol in symbols:
        if symbol.addr_class == gdb.SYMBOL_LOC_CONST:
            constants[symbol.name] = int(symbol.value())
        elif symbol.addr_class == gdb.SYMBOL_LOC_TYPEDEF and plain(symbol.type).code in (
            STRUCT,
            UNION,
            ENUM,
        ):
            types.setdefault(symbol.name, symbol.type)
    return types, constants


def leaves(type_, mine, start=0, path=""):
    """The fields of a structure of ours, nested ones of ours too: (path, offset, type)."""
    for field in plain(type_).fields():
        name, offset = path + field.name, start + field.bitpos // 8
        inner = plain(field.type)
        if inner.code == STRUCT and (inner.name is None or inner.name in mine):
            yield from leaves(inner, mine, offset, name + ".")
        else:
            yield name, offset, field.type


def our_side():
    outer_types, outer_constants = declared(env["ABI_SYSTEM"])
    types, constants = declared(env["ABI_OURS"])
    mine = {name for name in types if name not in outer_types}
    structs = {}
    for name in sorted(mine):
        if plain(types[name]).code == ENUM or not plain(types[name]).fields():
            continue  # constants are compared one by one; a name alone has no layout
        if name != plain(types[name]).name:
            remarks.append(f"{name} is another name of {plain(types[name]).name}: compared as that")
            continue
        fields = []
        for path, offset, type_ in leaves(types[name], mine):
            fields.append((path, offset, type_.sizeof, kind(type_), shape(type_)))
        structs[name] = (types[name].sizeof, fields)
    numbers = {}
    for name, value in constants.items():
        if name not in outer_constants:
            # #defines come as enumerators with a prefix (ci/abi).
            numbers[name.removeprefix("abi_define_")] = value
    return structs, numbers


# --- the server's side ---------------------------------------------------------------


def find_type(ours, name):
    try:
        if anchor := gdb.lookup_global_symbol(f"abi_type_{ours}"):
            found = plain(anchor.type.target())
        elif name.startswith("typeof "):
            found = plain(gdb.parse_and_eval(name.split()[1]).type)
        else:
            found = plain(gdb.lookup_type(name))
    except gdb.error:
        return None
    # Only its name is known here.
    return found if found.sizeof or found.fields() else None


def find_field(type_, path, start=0):
    """(offset, type) of a path in a structure of the server, base classes included; None."""
    first, _, rest = path.partition(".")
    for field in plain(type_).fields():
        if not hasattr(field, "bitpos"):
            continue
        offset = start + field.bitpos // 8
        if field.is_base_class or not field.name:
            found = (
                find_field(field.type, path, offset)
                if plain(field.type).code in (STRUCT, UNION)
                else None
            )
            if found:
                return found
        elif field.name == first:
            if not rest:
                return offset, field.type
            return (
                find_field(field.type, rest, offset)
                if plain(field.type).code in (STRUCT, UNION)
                else None
            )
    return None


def occupied(type_, start, end):
    """Names of the server's fields that lie in a range of bytes."""
    found = []
    for field in type_.fields():
        if (
            hasattr(field, "bitpos")
            and field.bitpos // 8 < end
            and start < field.bitpos // 8 + field.type.sizeof
        ):
            found.append(field.name or "(nameless)")
    return found


def compare_structs(structs, names):
    count = {"structs": 0, "fields": 0, "hooks": 0}
    for name, (size, fields) in structs.items():
        how, their_name = names.look(name)
        if how == "ours":
            continue
        theirs = find_type(name, their_name or name)
        if theirs is None:
            differences.append(
                f"{name}: the server has no type '{their_name or name}' (tests/abi/names)"
            )
            continue
        count["structs"] += 1
        whole, _ = names.look(f"sizeof({name})")
        if whole == "leading":
            if size > theirs.sizeof and (size + 7) // 8 * 8 > (theirs.sizeof + 7) // 8 * 8:
                differs(
                    f"{name}: size",
                    size,
                    f"{theirs.sizeof}, although ours is only the leading part",
                )
        elif whole == "longer":
            if size < theirs.sizeof:
                differs(
                    f"{name}: size", size, f"{theirs.sizeof}, although ours is meant to be longer"
                )
        elif size != theirs.sizeof:
            differs(f"{name}: size", size, theirs.sizeof)
        for path, offset, width, sort, form in fields:
            if path.split(".")[-1].startswith("lump"):
                continue
            what = f"{name}.{path}"
            how, their_path = names.look(what)
            if how == "padding":
                there = occupied(theirs, offset, offset + width)
                if there or offset + width > theirs.sizeof:
                    differs(
                        what, "in the server's padding", f"{', '.join(there) or 'end'} is there"
                    )
                continue
            if how == "beyond":
                if offset < theirs.sizeof:
                    differs(
                        what,
                        f"at {offset}, behind the server's structure",
                        f"is {theirs.sizeof} long",
                    )
                continue
            if how == "ours":
                continue
            found = find_field(theirs, their_path or path)
            if found is None:
                differences.append(
                    f"{what}: the server's {theirs} has no '{their_path or path}' (tests/abi/names)"
                )
                continue
            count["fields"] += 1
            at, type_ = found
            if at != offset:
                differs(f"{what}: offset", offset, at)
            if how == "wider":
                there = [
                    one
                    for one in occupied(theirs, offset, offset + width)
                    if one != (their_path or path)
                ]
                if there or type_.sizeof > width:
                    differs(
                        f"{what}: {width} bytes over padding",
                        width,
                        f"{type_.sizeof}, then {', '.join(there)}",
                    )
            elif type_.sizeof != width and not (kind(type_) == sort == "pointer"):
                differs(f"{what}: size", width, type_.sizeof)
            if kind(type_) != sort:
                differs(what, f"is a {sort}", f"a {kind(type_)}")
            theirs_form = shape(type_)
            if form and theirs_form:
                count["hooks"] += 1
                if form[0] != theirs_form[0]:
                    differs(f"{what}: arguments", form[0], theirs_form[0])
                # A result that nobody looks at may differ.
                if "nothing" not in (form[1], theirs_form[1]) and form[1] != theirs_form[1]:
                    differs(f"{what}: result", form[1], theirs_form[1])
    return count


def message_numbers(paths):
    """{name: number} of the server's messages, as its own generator counts them."""
    numbers = {}
    for path in paths:
        # The list of the error log starts where the list of the clients may not go. The file does not
        # say so.
        number = 10000 if "error_log" in path else 1000
        for line in open(path, encoding="utf-8", errors="replace"):
            if start := re.match(r"start-error-number\s+(\d+)", line):
                number = int(start[1])
            elif name := re.match(r"[A-Z]\w+", line):
                numbers[name[0]] = number
                number += 1
    return numbers


def compare_constants(numbers, names, unknown):
    messages = message_numbers(env.get("ABI_MESSAGES", "").split())
    compared, unseen = 0, []
    for name, value in sorted(numbers.items()):
        how, expression = names.look(name)
        if how == "ours":
            continue
        if how == "unseen":
            unseen.append(name)
            continue
        if name.startswith("ER_"):
            if not messages:
                unseen.append(name)
                continue
            theirs = messages.get(expression or name)
        elif name in unknown:
            theirs = None
        else:
            theirs = None
            for candidate in (f"abi_value_{name}", expression or name):
                try:
                    theirs = int(gdb.parse_and_eval(candidate))
                    break
                except (gdb.error, OverflowError):
                    continue
        if theirs is None:
            differences.append(
                f"{name}: the server has nothing called '{expression or name}' (tests/abi/names)"
            )
            continue
        compared += 1
        if how == "<=" and value > theirs:
            differs(name, f"{value}, which must not be larger", theirs)
        elif how != "<=" and (theirs - value) % 2**64:
            differs(name, value, theirs)
    return compared, unseen


# --- symbols ---------------------------------------------------------------


LINKED = re.compile(r'link_name\s*=\s*"([^"]+)"')


def rust_files(root):
    """The files of the crate for the series, as the compiler finds them: `mod`, `path`, `cfg_attr`."""
    cfg = re.sub(r"\W", "_", series)
    todo, seen = [(root, os.path.dirname(root))], {}
    while todo:
        path, folder = todo.pop()
        text = re.sub(r"//[^\n]*", "", open(path).read())
        seen[path] = text
        for attributes, name in re.findall(
            r"((?:#\[[^\]]*\]\s*)*)(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*;", text
        ):
            if "cfg(test)" in attributes:
                continue
            chosen = re.findall(rf'mysql_series = "{cfg}", path = "([^"]+)"', attributes)
            chosen = chosen or re.findall(r'#\[path = "([^"]+)"\]', attributes)
            if chosen:
                # Relative to the file that says so.
                found = os.path.join(os.path.dirname(path), chosen[0])
                todo.append((found, os.path.dirname(found)))
            else:
                for candidate in (
                    os.path.join(folder, name + ".rs"),
                    os.path.join(folder, name, "mod.rs"),
                ):
                    if os.path.exists(candidate):
                        inner = os.path.join(folder, name)
                        todo.append((candidate, inner))
                        break
                else:
                    raise SystemExit(f"{path}: mod {name}: no such file in {folder}")
    return seen


def looked_up(root):
    """{symbol: must the server have it} of all that the crate looks up."""
    files = rust_files(root)
    constants, symbols = {}, {}
    for text in files.values():
        constants.update(
            re.findall(r'const\s+(\w+)\s*:\s*&(?:\'static\s+)?CStr\s*=\s*c"([^"]*)"', text)
        )
    for path, text in files.items():
        for head in re.finditer(r"\bsymbols!\s*\{", text):
            body, depth, at = "", 1, head.end()
            while depth:
                depth += {"{": 1, "}": -1}.get(text[at], 0)
                body, at = body + text[at], at + 1
            for line in body.split("{", 1)[1].rsplit("}", 2)[0].split(";"):
                line = re.sub(r"#\[[^\]]*\]", "", line).strip()
                if not line or line.startswith("+"):
                    continue
                # NAME [optional]: TYPE = c"symbol" or a constant.
                found = re.search(
                    r'^\w+\s*(\[optional\])?\s*:.*=\s*(?:c"([^"]+)"|(?:\w+::)*(\w+))$', line, re.S
                )
                symbol = found and (found[2] or constants.get(found[3]))
                if not symbol:
                    raise SystemExit(f"{path}: not understood in symbols!: {line}")
                symbols[symbol] = symbols.get(symbol, False) or not found[1]
        # Outside the structures a name is looked up to see whether it is there.
        for symbol in re.findall(r'look_up(?:::<[^(]*>)?\(\s*c"([^"]+)"', text):
            symbols.setdefault(symbol, False)
    # What the dynamic linker is left to find is there, or the library is not loaded at all.
    for text in files.values():
        symbols.update((symbol, True) for symbol in LINKED.findall(text))
    for path, text in files.items():
        if "dlsym" in text and os.path.basename(path) != "symbols.rs":
            differences.append(f"{path}: a look-up past symbols.rs, which nobody checks")
        for literal in re.findall(r'c"(_Z\w+)"', text):
            if literal not in symbols and literal not in constants.values():
                differences.append(
                    f'{path}: c"{literal}" looks like a symbol, but how it is used was not understood'
                )
    return symbols


def compare_symbols(root):
    exported = set(open(env["ABI_SYMBOLS"]).read().split())
    there, missing = 0, []
    for symbol, required in sorted(looked_up(root).items()):
        if symbol in exported:
            there += 1
        elif required:
            differences.append(f"symbol {symbol}: the server does not export it")
        else:
            missing.append(symbol)
    # By what they are linked with, libraries for later servers are refused by older ones.
    if series.startswith("5."):
        for folder, _, files in os.walk(os.path.dirname(root)):
            for file in files:
                for symbol in LINKED.findall(open(os.path.join(folder, file)).read()):
                    if symbol in exported:
                        differences.append(
                            f"symbol {symbol}: {file} takes it for one that this server does not have"
                        )
    if there < 20:
        differences.append(f"symbols: only {there} were found in {root}: it was not understood")
    return there, missing


# --- all of it ---------------------------------------------------------------


def wanted(structs, numbers, names):
    """What a file of C++ with the server's headers must hold, so that its object has all of it."""
    lines = []
    for name in structs:
        how, theirs = names.look(name)
        if how != "ours":
            lines.append(
                f"extern {theirs or name} *abi_type_{name}; {theirs or name} *abi_type_{name};"
            )
    lines.append("enum abi_values : long long {")
    for name in sorted(numbers):
        how, theirs = names.look(name)
        if how not in ("ours", "unseen") and not name.startswith("ER_"):
            lines.append(f"abi_value_{name} = (long long)({theirs or name}),")
    lines += ["};", "extern abi_values abi_values_anchor; abi_values abi_values_anchor;"]
    return "\n".join(lines) + "\n"


def main():
    names = Names(env["ABI_NAMES"])
    structs, numbers = our_side()
    if not env.get("ABI_THEIRS"):
        open(env["ABI_WANTED"], "w").write(wanted(structs, numbers, names))
        return
    gdb.execute(f"file {env['ABI_THEIRS']}", to_string=True)
    count = compare_structs(structs, names)
    constants, unseen = compare_constants(numbers, names, env.get("ABI_UNKNOWN", "").split())
    symbols, absent = compare_symbols(os.path.join(env["ABI_SYS"], "lib.rs"))
    for name in unseen:
        remarks.append(f"not compared: {name}: nothing here says what the server has")
    for name in absent:
        remarks.append(f"optional, and this server does not have it: {name}")
    for line in remarks:
        print(f"     {line}")
    for line in differences:
        print(f"     DIFFERENT: {line}")
    open(env["ABI_REPORT"], "w").write(
        f"{series} {count['structs']} {count['fields']} {count['hooks']} {constants} {len(unseen)} "
        f"{symbols} {len(absent)} {len(differences)}\n"
    )


gdb.execute("set pagination off")
gdb.execute("set language c++", to_string=True)
try:
    main()
except SystemExit as reason:
    print(f"check.py: {reason}", file=sys.stderr)
    gdb.execute("quit 2")
except Exception:  # gdb would go on, with status 0
    import traceback

    traceback.print_exc()
    gdb.execute("quit 3")
