# SPDX-License-Identifier: MIT
#
# export-check.py - is an export what its format asks for?
#   export-check.py schema SCHEMA FILE    against a JSON schema of tests/data
#   export-check.py speedscope FILE       what the schema cannot say, and the
#   export-check.py firefox FILE          stacks as "thread a;b;c WEIGHT"
#   export-check.py pprof < TEXT          the same of protoc's text
# Prints the stacks, sorted; ends with 1 and a line when something is wrong.

import collections
import json
import re
import sys

TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
}


def fail(text):
    sys.exit("export-check: " + text)


def is_type(value, name):
    if name in ("number", "integer"):
        return (isinstance(value, (int, float))
                and not isinstance(value, bool)
                and (name == "number" or value == int(value)))
    return isinstance(value, TYPES[name])


def check_number(schema, value, at):
    if value < schema.get("minimum", value):
        fail("%s: %r is too small" % (at, value))


def check_object(schema, value, at):
    known = schema.get("properties", {})
    for key in schema.get("required", []):
        if key not in value:
            fail("%s: %s is missing" % (at, key))
    for key, inner in value.items():
        if key in known:
            check(known[key], inner, at + "." + key)
        elif schema.get("additionalProperties", True) is False:
            fail("%s: %s is not of the format" % (at, key))


# As much of JSON schema as the schemas in tests/data use.
def check(schema, value, at="file"):
    names = schema.get("type")
    if isinstance(names, str):
        names = [names]
    if names and not any(is_type(value, n) for n in names):
        fail("%s: %r is no %s" % (at, value, " or ".join(names)))
    if "const" in schema and value != schema["const"]:
        fail("%s: %r is not %r" % (at, value, schema["const"]))
    if "enum" in schema and value not in schema["enum"]:
        fail("%s: %r is none of %r" % (at, value, schema["enum"]))
    if "pattern" in schema and not re.search(schema["pattern"], value):
        fail("%s: %r does not match" % (at, value))
    if isinstance(value, dict):
        check_object(schema, value, at)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            check(schema.get("items", {}), item, "%s[%d]" % (at, i))
    elif is_type(value, "number"):
        check_number(schema, value, at)


def unique(pairs):
    keys = [k for k, _ in pairs]
    if len(keys) != len(set(keys)):
        fail("a key is there twice: %r" % keys)
    return dict(pairs)


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f, object_pairs_hook=unique)


def show(stacks):
    for stack in sorted(stacks):
        print("%s %s" % (stack, ("%g" % stacks[stack])))


def speedscope(path):
    data = load(path)
    frames = data["shared"]["frames"]
    stacks = collections.Counter()
    for profile in data["profiles"]:
        if len(profile["samples"]) != len(profile["weights"]):
            fail("samples and weights differ in number")
        if sum(profile["weights"]) != profile["endValue"]:
            fail("the weights are not the profile's length")
        for stack, weight in zip(profile["samples"], profile["weights"]):
            names = ";".join(frames[i]["name"] for i in stack)
            stacks[profile["name"] + " " + names] += weight
    show(stacks)


def check_table(name, table):
    for key, column in table.items():
        if isinstance(column, list) and len(column) != table["length"]:
            fail("%s.%s has %d rows, not %d"
                 % (name, key, len(column), table["length"]))


def check_index(thread, table, column, target):
    size = thread[target]
    size = len(size) if isinstance(size, list) else size["length"]
    for i in thread[table][column]:
        if i is not None and i != -1 and not 0 <= i < size:
            fail("%s.%s: no %d in %s" % (table, column, i, target))


INDEXES = (
    ("samples", "stack", "stackTable"),
    ("stackTable", "frame", "frameTable"),
    ("frameTable", "func", "funcTable"),
    ("funcTable", "name", "stringArray"),
    ("funcTable", "fileName", "stringArray"),
    ("funcTable", "resource", "resourceTable"),
    ("resourceTable", "name", "stringArray"),
)


def firefox_thread(data, thread, stacks):
    for name, table in thread.items():
        if isinstance(table, dict):
            check_table(name, table)
    for table, column, target in INDEXES:
        check_index(thread, table, column, target)
    tree = thread["stackTable"]
    for i, prefix in enumerate(tree["prefix"]):
        if prefix is not None and not 0 <= prefix < i:
            fail("stack %d comes before its prefix" % i)
    for table in ("stackTable", "frameTable"):
        for i in thread[table]["category"]:
            if i >= len(data["meta"]["categories"]):
                fail("there is no category %d" % i)
    for lib in thread["resourceTable"]["lib"]:
        if lib is not None and lib >= len(data["libs"]):
            fail("there is no lib %d" % lib)
    samples = thread["samples"]
    if sorted(samples["time"]) != samples["time"]:
        fail("samples are not in the order of time")
    for stack, weight in zip(samples["stack"], samples["weight"]):
        names = []
        while stack is not None:
            func = thread["frameTable"]["func"][tree["frame"][stack]]
            names.append(thread["stringArray"][thread["funcTable"]["name"][func]])
            stack = tree["prefix"][stack]
        key = "%s (%d) %s" % (thread["name"], thread["tid"],
                              ";".join(reversed(names)))
        stacks[key] += weight


def firefox(path):
    data = load(path)
    if not any(c["color"] == "grey" for c in data["meta"]["categories"]):
        fail("there is no default category")
    stacks = collections.Counter()
    for thread in data["threads"]:
        firefox_thread(data, thread, stacks)
    show(stacks)


# protoc's text as lists of (field, value or list).
def parse(lines):
    fields = []
    for line in lines:
        line = line.strip()
        if line == "}":
            return fields
        if line.endswith(" {"):
            fields.append((line[:-2], parse(lines)))
            continue
        key, value = line.split(": ", 1)
        fields.append((key, value))
    return fields


def values(fields, key):
    return [v for k, v in fields if k == key]


def number(fields, key):
    found = values(fields, key)
    return int(found[0]) if found else 0


def by_id(fields, key):
    found = {}
    for item in values(fields, key):
        if number(item, "id") == 0 or number(item, "id") in found:
            fail("%s: an id is 0 or there twice" % key)
        found[number(item, "id")] = item
    return found


def pprof_stack(sample, locations, functions, strings):
    names = []
    for loc in values(sample, "location_id"):
        for line in values(locations[int(loc)], "line"):
            function = functions[number(line, "function_id")]
            names.append(strings[number(function, "name")])
    return ";".join(reversed(names))


def pprof():
    top = parse(iter(sys.stdin.read().splitlines()))
    strings = [s[1:-1] for s in values(top, "string_table")]
    if not strings or strings[0]:
        fail("string 0 is not empty")
    mappings, functions = by_id(top, "mapping"), by_id(top, "function")
    locations = by_id(top, "location")
    for loc in locations.values():
        if number(loc, "mapping_id") not in mappings:
            fail("a location has no mapping")
    types = values(top, "sample_type")
    print("types " + ", ".join("%s/%s" % (strings[number(t, "type")],
                                          strings[number(t, "unit")])
                               for t in types))
    first = values(top, "mapping")[0]
    print("program %s %s" % (strings[number(first, "filename")],
                             strings[number(first, "build_id")]))
    for comment in values(top, "comment"):
        print("comment " + strings[int(comment)])
    period = values(top, "period_type")
    if period:
        print("period %d %s/%s" % (number(top, "period"),
                                   strings[number(period[0], "type")],
                                   strings[number(period[0], "unit")]))
    print("time %d %d" % (number(top, "time_nanos"),
                          number(top, "duration_nanos")))
    out = []
    for sample in values(top, "sample"):
        if len(values(sample, "value")) != len(types):
            fail("a sample has not as many values as there are types")
        labels = ["%s=%s" % (strings[number(x, "key")],
                             strings[number(x, "str")] or number(x, "num"))
                  for x in values(sample, "label")]
        out.append("%s %s %s" % (
            " ".join(labels),
            pprof_stack(sample, locations, functions, strings),
            " ".join(values(sample, "value"))))
    print("\n".join(sorted(out)))


def main():
    sys.stdout.reconfigure(encoding="utf-8")
    if sys.argv[1] == "schema":
        check(load(sys.argv[2]), load(sys.argv[3]))
    elif sys.argv[1] == "pprof":
        pprof()
    else:
        {"speedscope": speedscope, "firefox": firefox}[sys.argv[1]](sys.argv[2])


main()
