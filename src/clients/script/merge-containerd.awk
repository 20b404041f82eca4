# Sets config_path in containerd's config.toml. `folder` is the value; `major` is containerd's, 0 when it is not known;
# `why` names the file that takes the reason, or what a person should know.
# Exit status: 0 the merged file is on standard output, 3 nothing needs to be done, 4 it cannot be done safely.
#
# The table is [plugins."io.containerd.grpc.v1.cri".registry] in configuration version 2, and
# [plugins."io.containerd.cri.v1.images".registry] in 3 and later. Every version needs it: from 2.2 on, what stands for
# nothing is a list of two folders, which CRI's pulls take for one path.

# A line may end with a carriage return as well, as all of its file do.
{
  end_of_line = sub(/\r$/, "") ? "\r" : ""
  line[NR] = $0
}

END {
  read_top()
  if (triple) fail("line " triple " has a string of several lines, which is not understood here. " by_hand())
  if (cri_disabled) leave("it disables CRI, as Docker's package has it, so config_path is not set: nerdctl reads the files all the same, dockerd does not (/client/docker.sh), and a kubelet cannot use this containerd")
  if (!has_content) write_whole()
  if (version < 2) fail("it is of configuration version 1 (no line says \"version = 2\"). Run 'containerd config migrate' first")
  read_tables()
  if (twice) fail("line " twice " says again what line " first " says, and containerd takes no such file. Take one of them out")
  if (odd) fail("line " odd " sets the plugin in a way that is not understood here. " by_hand())
  if (mirrors) fail("line " mirrors " configures registries in the old way, which containerd forbids beside config_path. Move that to " folder " first")
  if (path_line) merge_path()
  for (i = 1; i <= NR; i++) {
    put(line[i])
    if (i == table_line) put(indent_of(line[i]) "  config_path = \"" folder "\"")
  }
  if (!table_line) put_table()
}

function put(text) { print text end_of_line }

function fail(reason) { print reason >why; exit 4 }
function leave(reason) { print reason >why; exit 3 }
function by_hand() { return "Set config_path to " folder " by hand" }
function plugin() { return version >= 3 ? "io.containerd.cri.v1.images" : "io.containerd.grpc.v1.cri" }

function indent_of(text) {
  match(text, /^[ \t]*/)
  return substr(text, 1, RLENGTH)
}

function put_table() {
  put("")
  put("[plugins.\"" plugin() "\".registry]")
  put("  config_path = \"" folder "\"")
}

# A file of comments alone, or none.
function write_whole() {
  version = major >= 2 ? 3 : 2
  for (i = 1; i <= NR; i++) put(line[i])
  put("version = " version)
  put_table()
  exit 0
}

# The name in the header of a table, without blanks and quotes, or nothing when the line is none.
function header(text,    name, key) {
  if (!sub(/^[ \t]*\[+/, "", text)) return ""
  while (match(text, /^[ \t]*("[^"]*"|'[^']*'|[A-Za-z0-9_-]+)[ \t]*/)) {
    key = substr(text, 1, RLENGTH)
    text = substr(text, RLENGTH + 1)
    gsub(/[ \t"']/, "", key)
    name = name key
    if (text ~ /^\]+[ \t]*(#.*)?$/) return name
    if (!sub(/^\./, "", text)) return ""
    name = name "."
  }
  return ""
}

# What stands before the first table: the version, and whether CRI is disabled.
function read_top(    i, text, disabled, in_tables) {
  version = 0
  for (i = 1; i <= NR; i++) {
    text = line[i]
    if (text ~ /^[ \t]*(#.*)?$/) continue
    has_content = 1
    if (text ~ /"""|'''/ && !triple) triple = i
    if (header(text) != "") in_tables = 1
    if (in_tables) continue
    if (text ~ /^[ \t]*["']?version["']?[ \t]*=[ \t]*[0-9]+/) {
      sub(/^[^=]*=[ \t]*/, "", text)
      version = text + 0
    }
    if (text ~ /^[ \t]*["']?plugins["']?[ \t]*[.=]/ && !odd) odd = i
    if (text ~ /^[ \t]*["']?disabled_plugins["']?[ \t]*=/) disabled = 1
    if (disabled) {
      sub(/#.*/, "", text)
      if (text ~ /["'](cri|io\.containerd\.grpc\.v1\.cri|io\.containerd\.cri\.v1\.images)["']/) cri_disabled = 1
      if (text ~ /\]/) disabled = 0
    }
  }
}

# Where the plugin's registry table is, and what it holds.
function read_tables(    i, text, name, table, mine) {
  mine = "plugins." plugin()
  for (i = 1; i <= NR; i++) {
    text = line[i]
    name = header(text)
    if (name != "") {
      table = name
      if (table == mine ".registry") {
        note_twice(table_line, i)
        table_line = i
      }
      if (index(table, mine ".registry.mirrors.") == 1 && !mirrors) mirrors = i
      if (index(table, mine ".registry.configs.") == 1 && table ~ /\.tls$/ && !mirrors) mirrors = i
      continue
    }
    if (text ~ /^[ \t]*(#.*)?$/) continue
    if (table == "plugins" && text ~ /^[ \t]*["']?io\.containerd\.(grpc\.v1\.cri|cri\.v1\.images)/ && !odd) odd = i
    if (table == mine && text ~ /^[ \t]*["']?registry["']?[ \t]*[.=]/ && !odd) odd = i
    if (table == mine ".registry.mirrors" && !mirrors) mirrors = i
    if (table != mine ".registry") continue
    if (text ~ /^[ \t]*["']?(mirrors|configs)["']?[ \t]*[.=]/ && text !~ /=[ \t]*\{[ \t]*\}/ && !odd) odd = i
    if (text !~ /^[ \t]*["']?config_path["']?[ \t]*=/) continue
    note_twice(path_line, i)
    path_line = i
  }
}

function note_twice(before, here) {
  if (!before || twice) return
  first = before
  twice = here
}

# config_path is there: an empty one is filled in, a list that names the folder becomes the folder, any other is a
# person's wish.
function merge_path(    text, value, start) {
  text = line[path_line]
  if (!match(text, /=[ \t]*("[^"\\]*"|'[^']*')/)) fail("line " path_line " is not understood here. " by_hand())
  start = RSTART
  value = substr(text, RSTART, RLENGTH)
  line[path_line] = substr(text, 1, start) " \"" folder "\"" substr(text, start + RLENGTH)
  sub(/^=[ \t]*./, "", value)
  value = substr(value, 1, length(value) - 1)
  sub(/\/+$/, "", value)
  if (value == folder) exit 3
  if (index(":" value ":", ":" folder ":") > 0) print "config_path was " value ", which containerd 2.1 and later takes for one path. Now it is " folder " alone" >why
  else if (value != "") fail("line " path_line " sets config_path to " value ". Move its folders to " folder ", set config_path to that, and run this again")
  for (i = 1; i <= NR; i++) put(line[i])
  exit 0
}
