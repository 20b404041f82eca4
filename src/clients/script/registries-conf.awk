# Whose tables win: larder's, or somebody else's? Reads a list of registries.conf files in the order in which they are
# read, a line each: PLACE TAB FILE TAB NAME. Places: `before` and `after` larder's own, `ours`, and `home` (at the front)
# and `homedir` (at the end), which older programs read instead of all others. Prints a line for each table that keeps pulls
# from larder.
# Exit status: 0 there is none, 4 there are some. The rules are those of containers-registries.conf(5): of the tables for a
# prefix the one that is read last counts, in one file the first; the longest prefix wins; * stands for a part of a name.

BEGIN { FS = "\t"; SEP = "\034"; rank = 0 }
{ place[++rank] = $1; name[rank] = $3; read_file($2); tables_of(rank) }
END { judge(); if (problems > 0) exit 4 }

function problem(where, what) { print where ": " what; problems++ }

# --- TOML, as much of it as is needed to know every key's value -------------------------------------------------------

function read_file(path,    text, status) {
  split("", value); split("", size); split("", line_of)
  lines = 0; bad = 0; table = ""
  while ((status = (getline text < path)) > 0) { sub(/\r$/, "", text); line[++lines] = text }
  close(path)
  if (status < 0) { at = 0; unclear("it cannot be read") }
  sub(/^\357\273\277/, "", line[1])
  for (at = 1; at <= lines && !bad; at++) { rest = line[at]; statement() }
}

function unclear(what) {
  if (!bad) problem(name[rank] (at > 0 ? ":" at : ""), what ": with it, nothing is pulled at all, or it is written in a way that larder does not know")
  bad = 1; rest = ""
}

function blank() { sub(/^[ \t]+/, "", rest) }

# Over blanks, comments and ends of lines.
function space() {
  while (!bad) {
    blank()
    if (rest != "" && substr(rest, 1, 1) != "#") return
    if (at >= lines) { unclear("something is not closed"); return }
    rest = line[++at]
  }
}

function take(what) {
  if (substr(rest, 1, length(what)) != what) return 0
  rest = substr(rest, length(what) + 1)
  return 1
}

function statement(    path) {
  blank()
  if (rest == "" || rest ~ /^#/) return
  if (take("[[")) {
    path = below("", read_keys())
    blank()
    if (!take("]]")) unclear("a heading is not closed")
    table = path SEP (++size[path])
    line_of[table] = at
  } else if (take("[")) {
    table = below("", read_keys())
    blank()
    if (!take("]")) unclear("a heading is not closed")
  } else pair(table)
  blank()
  if (rest != "" && rest !~ /^#/) unclear("something follows at the end of a line")
}

# The path of some keys below another path. The name of an array of tables stands for the last of them.
function below(path, keys,    part, many, i) {
  many = split(keys, part, SEP)
  for (i = 1; i <= many; i++) {
    if (path in size) path = path SEP size[path]
    path = (path == "") ? part[i] : path SEP part[i]
  }
  return path
}

function read_keys(    all, one) {
  do {
    blank()
    if (match(rest, /^[A-Za-z0-9_-]+/)) { one = substr(rest, 1, RLENGTH); rest = substr(rest, RLENGTH + 1) }
    else if (rest ~ /^["']/) one = quoted()
    else { unclear("a key is missing"); return all }
    all = (all == "") ? one : all SEP one
    blank()
  } while (!bad && take("."))
  return all
}

function pair(above,    path) {
  path = below(above, read_keys())
  blank()
  if (!take("=")) { unclear("= is missing"); return }
  blank()
  read_value(path)
}

function read_value(path,    many) {
  line_of[path] = at
  if (rest ~ /^["']/) { value[path] = quoted(); return }
  if (take("[")) {
    size[path] = many = 0
    space()
    while (!bad && !take("]")) {
      size[path] = ++many
      read_value(path SEP many)
      space()
      if (!take(",") && rest !~ /^]/) unclear("a list is not closed")
      space()
    }
    return
  }
  if (take("{")) {
    space()
    while (!bad && !take("}")) {
      pair(path)
      space()
      if (!take(",") && rest !~ /^}/) unclear("an inline table is not closed")
      space()
    }
    return
  }
  if (!match(rest, /^[^],}#]+/)) { unclear("a value is missing"); return }
  value[path] = substr(rest, 1, RLENGTH)
  rest = substr(rest, RLENGTH + 1)
  sub(/[ \t]+$/, "", value[path])
}

function quoted(    text, mark) {
  mark = substr(rest, 1, 1)
  if (substr(rest, 1, 3) == mark mark mark) return long_text(mark mark mark)
  if (!match(rest, mark == "'" ? "^'[^']*'" : "^\"([^\"\\\\]|\\\\.)*\"")) { unclear("a text is not closed"); return "" }
  text = substr(rest, 2, RLENGTH - 2)
  rest = substr(rest, RLENGTH + 1)
  return (mark == "'") ? text : plain(text)
}

function long_text(mark,    text, spot) {
  rest = substr(rest, 4)
  while (!bad && !(spot = index(rest, mark))) {
    text = text rest "\n"
    if (at >= lines) unclear("a text is not closed"); else rest = line[++at]
  }
  text = text substr(rest, 1, spot - 1)
  rest = substr(rest, spot + 3)
  return text
}

# A text without its escapes.
function plain(text,    result, spot, one, digits) {
  while ((spot = index(text, "\\")) > 0) {
    result = result substr(text, 1, spot - 1)
    one = substr(text, spot + 1, 1)
    digits = (one == "u") ? 4 : (one == "U") ? 8 : 0
    if (digits) one = sprintf("%c", number(substr(text, spot + 2, digits)))
    result = result one
    text = substr(text, spot + 2 + digits)
  }
  return result text
}

function number(digits,    i, sum) {
  for (i = 1; i <= length(digits); i++) sum = sum * 16 + index("0123456789abcdef", tolower(substr(digits, i, 1))) - 1
  return sum
}

# --- the tables of a file ---------------------------------------------------------------------------------------------

function tables_of(file,    i, path, isv1, isv2, key, all, part) {
  if (bad) return
  for (key in value) { split(key, part, SEP); if (part[1] == "registries") isv1 = 1; else isv2 = 1 }
  for (key in size) { split(key, part, SEP); if (part[1] == "registries") isv1 = 1; else isv2 = 1 }
  if (isv1 && (isv2 || name[file] ~ /\.conf\.d\/[^\/]*$/)) {
    problem(name[file], isv2 ? "it mixes versions 1 and 2 of the format ([registries.…] and others): with it, nothing is pulled at all" \
      : "it is in version 1 of the format ([registries.…]), which no drop-in may be: with it, nothing is pulled at all")
    return
  }
  for (i = 1; i <= size["registry"]; i++) {
    path = "registry" SEP i
    add_table(file, line_of[path], value[path SEP "prefix"], value[path SEP "location"], path)
  }
  for (i = 1; i <= size["registries" SEP "block" SEP "registries"]; i++) {
    path = "registries" SEP "block" SEP "registries" SEP i
    value[path SEP "blocked"] = "true"
    add_table(file, line_of[path], "", value[path], path)
  }
}

function add_table(file, where, prefix, location, path,    i, mirror, first) {
  sub(/\/+$/, "", prefix); sub(/\/+$/, "", location)
  if (location == "" && prefix !~ /^\*\./) problem(name[file] ":" where, "a table without a location: with it, nothing is pulled at all")
  else if ((prefix " " location) ~ /(^| )https?:\/\//) problem(name[file] ":" where, "a table with a scheme in it (https://): with it, nothing is pulled at all")
  if (prefix == "") prefix = location
  if ((file, prefix) in seen) return
  seen[file, prefix] = 1
  tables++
  prefix_of[tables] = prefix; file_of[tables] = file; spot_of[tables] = name[file] ":" where
  is_blocked[tables] = (value[path SEP "blocked"] == "true")
  target[tables] = location
  insecure[tables] = (value[path SEP "insecure"] == "true")
  for (i = 1; i <= size[path SEP "mirror"]; i++) {
    mirror = path SEP "mirror" SEP i
    if (first++ == 0) {
      target[tables] = value[mirror SEP "location"]
      sub(/\/+$/, "", target[tables])
      insecure[tables] = (value[mirror SEP "insecure"] == "true")
      # Mirrors that are not for every pull let the others by.
      if (value[path SEP "mirror-by-digest-only"] == "true" || value[mirror SEP "pull-from-mirror"] ~ /-only$/) target[tables] = ""
    }
  }
}

# --- who wins ---------------------------------------------------------------------------------------------------------

function judge(    i, prefix, mine, home, others) {
  for (i = 1; i <= tables; i++) {
    others = place[file_of[i]]
    if (others == "ours") mine[prefix_of[i]] = i
    if (others ~ /^home/) home[prefix_of[i]] = i
    if ((others == "before" || others == "home") && is_blocked[i]) blocked_before[prefix_of[i]] = i
    else if (others == "before" || others == "home") delete blocked_before[prefix_of[i]]
    winner[prefix_of[i]] = i
  }
  for (i = 1; i <= rank; i++) if (place[i] == "home") homes = name[i]
  for (i = 1; i <= tables; i++) {
    if (place[file_of[i]] != "ours") continue
    prefix = prefix_of[i]
    judge_table(i, prefix)
    if (homes != "" && !(prefix in home && leads_alike(home[prefix], i))) lacking = lacking (lacking == "" ? "" : ", ") prefix
  }
  if (lacking != "")
    problem(homes, "where it is, Podman, Buildah, skopeo and CRI-O read it instead of what is in /etc/containers, and it has not larder's tables for " lacking ". Move it away, or add them to it")
}

function judge_table(mine, prefix,    i, spot) {
  if (prefix in blocked_before)
    problem(spot_of[blocked_before[prefix]], "it blocks " prefix ", which larder's table would lift. Take that out")
  for (i = 1; i <= tables; i++) {
    if (winner[prefix_of[i]] != i || i == mine || leads_alike(i, mine)) continue
    spot = spot_of[i]
    if (prefix_of[i] == prefix)
      problem(spot, "its table for " prefix " is read after larder's and counts instead of it: pulls would go past larder. Take it out")
    else if (index(prefix_of[i], prefix "/") == 1)
      problem(spot, "its table for " prefix_of[i] " counts more than larder's for " prefix ", being narrower: those pulls would go past larder. Take it out, or have it lead to " beside(i, mine))
    else if (covers(prefix_of[i], prefix))
      problem(spot, "its table for " prefix_of[i] " counts more than larder's for " prefix ": pulls would go past larder. Take it out")
  }
}

# Does it bring the same images to the same place?
function leads_alike(i, mine) {
  if (is_blocked[i] || index(prefix_of[i] "/", prefix_of[mine] "/") != 1) return 0
  return target[i] == beside(i, mine) && insecure[i] >= insecure[mine]
}

# Where larder has what a narrower table is for.
function beside(i, mine) { return target[mine] substr(prefix_of[i], length(prefix_of[mine]) + 1) }

# A prefix with a star counts more when it is as long: *.example.com, and r.example.com.
function covers(star, prefix,    tail) {
  tail = substr(star, 2)
  return substr(star, 1, 2) == "*." && length(star) >= length(prefix) && length(prefix) > length(tail) &&
    substr(prefix, length(prefix) - length(tail) + 1) == tail
}
