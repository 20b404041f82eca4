# Adds the strings of the arrays in one JSON object to the arrays of the same names in another, which otherwise stays
# byte for byte as it is. Called with the additions, then the file; `why` names the file that takes the reason.
# With `list` set, prints the keys of the file instead.
# Exit status: 0 the merged file is on standard output, 3 nothing is missing, 4 it cannot be done safely.

FNR == 1 { part++ }
part == 1 { additions = additions $0 "\n" }
part == 2 { text = text $0 "\n" }

END {
  if (part < 2 || text ~ /^[ \t\r\n]*$/) { printf "%s", additions; exit 0 }
  parse(additions, "add")
  parse(text, "has")
  if (list) {
    for (i = 1; i <= count["has"]; i++) print key["has", i]
    exit 0
  }
  added = 0
  if (inserted_keys() + inserted_elements() == 0) exit 3
  # From the back, so that the positions before stay right.
  while (added > 0) {
    furthest = 1
    for (i = 2; i <= added; i++) if (at[i] > at[furthest]) furthest = i
    text = substr(text, 1, at[furthest] - 1) piece[furthest] substr(text, at[furthest])
    at[furthest] = at[added]
    piece[furthest] = piece[added]
    added--
  }
  printf "%s", text
}

function fail(reason) {
  print reason >why
  exit 4
}

function insert(position, what) {
  added++
  at[added] = position
  piece[added] = what
}

# The keys that the file lacks go behind its last one, on lines indented like its first.
function inserted_keys(    i, found, before, all) {
  before = (count["has"] == 0) ? "\n  " : gap["has"]
  for (i = 1; i <= count["add"]; i++) {
    if (("has", key["add", i]) in index_of) continue
    all = all ((count["has"] == 0 && all == "") ? "" : ",") before "\"" key["add", i] "\": [" listed(i) "]"
    found++
  }
  if (found) insert(last_end["has"], all ((count["has"] == 0) ? "\n" : ""))
  return found + 0
}

function listed(i,    j, all) {
  for (j = 1; j <= size["add", i]; j++) all = all (j > 1 ? ", " : "") "\"" element["add", i, j] "\""
  return all
}

# The elements that an array lacks go before its first: a mirror of larder's is to be asked first.
function inserted_elements(    i, j, mine, front, found) {
  for (i = 1; i <= count["add"]; i++) {
    if (!(("has", key["add", i]) in index_of)) continue
    mine = index_of["has", key["add", i]]
    if (!is_list["has", mine]) fail("its \"" key["add", i] "\" is not a list of strings")
    front = ""
    for (j = 1; j <= size["add", i]; j++) {
      if (("has", mine, element["add", i, j]) in member) continue
      front = front (front == "" ? "" : "," list_gap["has", mine]) "\"" element["add", i, j] "\""
      found++
    }
    if (front != "") insert(list_start["has", mine], front (size["has", mine] == 0 ? "" : "," list_gap["has", mine]))
  }
  return found + 0
}

# parse: reads the object in `source` into the arrays above, under the name `who`.
function parse(source, who,    start, name) {
  input = source
  spot = 1
  space()
  if (next_is("{") == 0) fail("it is not a JSON object")
  start = spot
  gap[who] = space()
  last_end[who] = start
  count[who] = 0
  while (next_is("}") == 0) {
    if (count[who] > 0 && next_is(",") == 0) fail("it is not valid JSON near character " spot)
    space()
    name = string()
    if (index(name, "\\")) fail("it has a key with a backslash: " name)
    if ((who, name) in index_of) fail("it has the key \"" name "\" twice")
    count[who]++
    key[who, count[who]] = name
    index_of[who, name] = count[who]
    space()
    if (next_is(":") == 0) fail("it is not valid JSON near character " spot)
    space()
    if (substr(input, spot, 1) == "[") read_list(who, count[who])
    else value(1)
    last_end[who] = spot
    space()
  }
  space()
  if (spot <= length(input)) fail("something follows the JSON object")
}

function read_list(who, i,    text_of) {
  spot++
  list_gap[who, i] = space()
  list_start[who, i] = spot
  size[who, i] = 0
  is_list[who, i] = 1
  while (next_is("]") == 0) {
    if (size[who, i] > 0) {
      if (next_is(",") == 0) fail("it is not valid JSON near character " spot)
      space()
    }
    size[who, i]++
    if (substr(input, spot, 1) == "\"") {
      text_of = string()
      gsub(/\\\//, "/", text_of)
      element[who, i, size[who, i]] = text_of
      member[who, i, text_of] = 1
    } else {
      is_list[who, i] = 0
      value(1)
    }
    space()
  }
}

function value(depth,    c, many) {
  if (depth > 64) fail("it is nested too deeply")
  c = substr(input, spot, 1)
  if (c == "\"") { string(); return }
  if (c == "{" || c == "[") {
    spot++
    space()
    while (next_is(c == "{" ? "}" : "]") == 0) {
      if (many++ > 0) {
        if (next_is(",") == 0) fail("it is not valid JSON near character " spot)
        space()
      }
      if (c == "{") {
        string()
        space()
        if (next_is(":") == 0) fail("it is not valid JSON near character " spot)
        space()
      }
      value(depth + 1)
      space()
    }
    return
  }
  if (!match(substr(input, spot), /^(true|false|null|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?)/)) {
    fail("it is not valid JSON near character " spot)
  }
  spot += RLENGTH
}

function next_is(c) {
  if (substr(input, spot, 1) != c) return 0
  spot++
  return 1
}

# The white space here, which is passed over.
function space(    from) {
  from = spot
  while (index(" \t\r\n", substr(input, spot, 1)) > 0 && spot <= length(input)) spot++
  return substr(input, from, spot - from)
}

# The inside of the string here, as it is written.
function string(    from, c) {
  if (substr(input, spot, 1) != "\"") fail("it is not valid JSON near character " spot)
  from = ++spot
  while ((c = substr(input, spot, 1)) != "\"") {
    if (c == "" || c == "\n" || c == "\r" || c == "\t") fail("a string in it does not end")
    if (c == "\\") spot++
    spot++
  }
  return substr(input, from, spot++ - from)
}
