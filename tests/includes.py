"""Checks the includes below the folder given against the table of rooms in its bench/README.md (tests/e2e/includes.sh)."""
import os
import re
import sys

root = sys.argv[1]
faults = []


def room_of(path):
    """"bench/analysis/gate/x.c" is in "analysis/gate", "kernels/x.cu" in "kernels"."""
    folder = os.path.dirname(path)
    return folder[len("bench/"):] if folder.startswith("bench/") else folder


def table():
    """Returns for each room the set of rooms that it may include. A room is below all that it includes."""
    rooms = {}
    for line in open(os.path.join(root, "bench/README.md"), encoding="utf-8"):
        cells = [cell.strip() for cell in line.split("|")]
        name = re.fullmatch(r"`([\w/]+)`", cells[1]) if len(cells) == 5 else None
        if not name:
            continue
        allowed = re.findall(r"`([\w/]+)`", cells[3])
        for room in allowed:
            if room not in rooms:
                faults.append(f"bench/README.md: `{name[1]}` may not include `{room}`, which is not above it")
        rooms[name[1]] = set(allowed)
    return rooms


def sources():
    for top in "bench", "kernels":
        for folder, _, files in os.walk(os.path.join(root, top)):
            for file in sorted(files):
                if file.endswith((".c", ".h", ".cu")):
                    yield os.path.relpath(os.path.join(folder, file), root)


def unit_of(path):
    return path.rsplit(".", 1)[0]


rooms = table()
used = {room: set() for room in rooms}
graph = {}
for path in sources():
    here = room_of(path)
    if here not in rooms:
        faults.append(f"{path}: the room `{here}` is not in the table")
        continue
    for number, line in enumerate(open(os.path.join(root, path), encoding="utf-8"), 1):
        include = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if not include:
            continue
        target = next((p for p in ("bench/" + include[1], include[1]) if os.path.exists(os.path.join(root, p))), None)
        if not target:
            faults.append(f"{path}:{number}: {include[1]} does not exist")
            continue
        there = room_of(target)
        if there != here and there not in rooms[here]:
            faults.append(f"{path}:{number}: `{here}` may not include `{there}` ({include[1]})")
        used[here].add(there)
        if unit_of(target) != unit_of(path):
            graph.setdefault(unit_of(path), {})[unit_of(target)] = f"{path}:{number}"
for room, allowed in rooms.items():
    for other in sorted(allowed - used[room]):
        faults.append(f"bench/README.md: `{room}` includes nothing of `{other}`")

# Searches depth first: a unit that is on the current path already closes a circle.
done, way = set(), []


def descend(unit):
    if unit in way:
        circle = way[way.index(unit):] + [unit]
        faults.append("a circle: " + " -> ".join(f"{graph[a][b]} includes {b}" for a, b in zip(circle, circle[1:])))
        return
    if unit in done:
        return
    way.append(unit)
    for other in sorted(graph.get(unit, {})):
        descend(other)
    way.pop()
    done.add(unit)


for unit in sorted(graph):
    descend(unit)
print("\n".join(faults) or f"{len(graph)} units, {len(rooms)} rooms")
sys.exit(bool(faults))
