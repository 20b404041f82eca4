# Puts larder before the endpoints of a registries.yaml. Input: larder's own file, then the one that is there. Variables:
# alone ("alone": nobody else may be asked), why (the file for the reason). Exit status: 0 and the new text; 3 it says so
# already; 4 not possible. Reads line by line, in the form that people write; anything else is left to the person.

function refuse(reason) { print reason >why; status = 4; exit 4 }

function unclear(n) { refuse("line " n " is not of a form that can be merged") }

function unquote(text) { return text ~ /^(".*"|'.*')$/ ? substr(text, 2, length(text) - 2) : text }

function without_comment(text) { sub(/^#.*/, "", text); sub(/ +#.*$/, "", text); return text }

# url_at LINE TEXT: the URL as it counts, without a slash at its end.
function url_at(n, text) {
  text = unquote(text)
  if (text == "" || text ~ /[] "'#,[{}&*!|>%@`]/) unclear(n)
  sub(/\/$/, "", text)
  return text
}

# read_line FILE NUMBER LINE: what it says is kept under FILE; entries are named FILE SECTION NAME, with SUBSEP between.
function read_line(f, n, line, indent, rest, key, value, colon) {
  sub(/[ \r]+$/, "", line)
  if (line ~ /^[ \t]*(#|$)/ || (line == "---" && section == "")) return
  match(line, /^ */)
  indent = RLENGTH
  rest = substr(line, indent + 1)
  if (rest ~ /^-( |$)/) { read_item(f, n, substr(rest, 2)); return }
  if (!match(rest, /^("[^"\\]*"|'[^']*'|[A-Za-z0-9_.~\/-][^ "'#]*):/)) unclear(n)
  colon = RLENGTH
  if (colon < length(rest) && substr(rest, colon + 1, 1) != " ") unclear(n)
  key = unquote(substr(rest, 1, colon - 1))
  value = substr(rest, colon + 1)
  sub(/^ +/, "", value)
  value = without_comment(value)
  if (indent == 0) {
    if ((key != "mirrors" && key != "configs") || value != "" || ((f, key) in begun)) unclear(n)
    section = key; begun[f, key] = n; step[f, key] = 2; entry = ""; fresh = 1
    return
  }
  if (section == "") unclear(n)
  if (fresh) { step[f, section] = indent; fresh = 0 }
  if (indent < step[f, section]) unclear(n)
  if (indent == step[f, section]) {
    if (value != "" || ((f, section, key) in at)) unclear(n)
    entry = f SUBSEP section SUBSEP key
    at[entry] = n
    names[f, section, ++many[f, section]] = key
    inner = -1; word = ""
    return
  }
  read_inside(n, indent, key, value)
}

function read_inside(n, indent, key, value, list, parts, i) {
  if (entry == "") unclear(n)
  if (inner < 0) inner = indent
  if (indent < inner || key == "<<") unclear(n)
  if (key == "ca_file") authority[entry] = unquote(value)
  if (indent > inner) { if (word == "endpoint") unclear(n); return }
  word = key
  if (key == "rewrite") rewrites[entry] = 1
  if (key != "endpoint" || section != "mirrors") return
  if (entry in endpoint) unclear(n)
  endpoint[entry] = n
  if (value == "") return
  if (value !~ /^\[.*\]$/) unclear(n)
  flow[entry] = 1
  list = substr(value, 2, length(value) - 2)
  gsub(/^ +| +$/, "", list)
  if (list == "") return
  urls[entry] = split(list, parts, / *, */)
  for (i = 1; i <= urls[entry]; i++) url[entry, i] = url_at(n, parts[i])
}

function read_item(f, n, rest) {
  if (entry == "") unclear(n)
  if (word != "endpoint" || section != "mirrors") return
  if (entry in flow) unclear(n)
  if (!(entry in first)) first[entry] = n
  sub(/^ +/, "", rest)
  url[entry, ++urls[entry]] = url_at(n, without_comment(rest))
}

# place_of E URL: its place among the endpoints, 0 when it is none of them.
function place_of(e, wanted, i) {
  for (i = 1; i <= urls[e]; i++) if (url[e, i] == wanted) return i
  return 0
}

function add_mirror(name, larder, e, n, all, i, own) {
  e = 2 SUBSEP "mirrors" SUBSEP name
  if (e in at) {
    n = "line " at[e] ": "
    if (e in rewrites) refuse(n "it rewrites the paths of " name ", and would rewrite those that larder is asked for")
    if (!(e in endpoint)) refuse(n name " has no endpoints in it")
    if (place_of(e, larder) > 1) refuse(n "it asks another before larder for " name)
    if (alone == "alone" && urls[e] > (place_of(e, larder) == 1)) refuse(n "it has others asked for " name ", and larder alone is to be asked")
    if (place_of(e, larder) != 1) add_endpoint(e, larder)
    return
  }
  all = 2 SUBSEP "mirrors" SUBSEP "*"
  own = substr(larder, index(larder, "://") + 3) == name
  if (!own && (all in rewrites)) refuse("line " at[all] ": it rewrites the paths of all registries")
  mirrors = mirrors pad("mirrors") "\"" name "\":\n" pad("mirrors") "  endpoint:\n" pad("mirrors") "    - \"" larder "\"\n"
  if (alone == "alone" || own) return
  for (i = 1; i <= urls[all]; i++)
    if (url[all, i] != larder) mirrors = mirrors pad("mirrors") "    - \"" url[all, i] "\"\n"
}

function pad(name) { return sprintf("%" (((2, name) in step) ? step[2, name] : 2) "s", "") }

function add_endpoint(e, larder, line, from) {
  if (e in flow) {
    line = lines[endpoint[e]]
    from = index(line, "endpoint")
    from += index(substr(line, from), "[") - 1
    lines[endpoint[e]] = substr(line, 1, from) "\"" larder "\"" (urls[e] > 0 ? ", " : "") substr(line, from + 1)
  } else if (e in first) {
    match(lines[first[e]], /^ */)
    lines[first[e]] = substr(lines[first[e]], 1, RLENGTH) "- \"" larder "\"\n" lines[first[e]]
  } else {
    match(lines[endpoint[e]], /^ */)
    lines[endpoint[e]] = lines[endpoint[e]] "\n" substr(lines[endpoint[e]], 1, RLENGTH) "  - \"" larder "\""
  }
  changed = 1
}

function add_config(host, path, e) {
  e = 2 SUBSEP "configs" SUBSEP host
  if (!(e in at)) {
    configs = configs pad("configs") "\"" host "\":\n" pad("configs") "  tls:\n" pad("configs") "    ca_file: \"" path "\"\n"
  } else if (authority[e] != path) refuse("line " at[e] ": it has settings of its own for " host)
}

# add_lines HEADING TEXT: behind the heading's line, or with it at the end.
function add_lines(name, text) {
  if (text == "") return
  changed = 1
  sub(/\n$/, "", text)
  if ((2, name) in begun) lines[begun[2, name]] = lines[begun[2, name]] "\n" text
  else lines[++count] = name ":\n" text
}

FNR == 1 { file++; section = ""; entry = "" }
{ read_line(file, FNR, $0); if (file == 2) lines[++count] = $0 }

END {
  if (status) exit status
  for (i = 1; i <= many[1, "mirrors"]; i++) add_mirror(names[1, "mirrors", i], url[1, "mirrors", names[1, "mirrors", i], 1])
  for (i = 1; i <= many[1, "configs"]; i++) add_config(names[1, "configs", i], authority[1, "configs", names[1, "configs", i]])
  add_lines("mirrors", mirrors)
  add_lines("configs", configs)
  if (!changed) exit 3
  for (i = 1; i <= count; i++) print lines[i]
}
