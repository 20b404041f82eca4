# What a configuration of containerd, or the output of 'containerd config dump', says of CRI's registries; a line each:
#
#   import PATTERN           it imports these files
#   sets PLUGIN              it has something of the plugin that has CRI's registries: images (since 2.0) or cri (before)
#   path PLUGIN LINE VALUE   config_path
#   mirrors PLUGIN LINE      the first registries in the old way, which containerd forbids beside config_path
#   disabled                 it switches CRI off

{ sub(/\r$/, "") }
/^[ \t]*(#|$)/ { next }
array != "" { read_array($0); next }
table == "" && /^[ \t]*["']?(imports|disabled_plugins)["']?[ \t]*=/ { array = key_of(substr($0, 1, index($0, "=") - 1)); read_array(substr($0, index($0, "="))); next }
/^[ \t]*\[.*\][ \t]*(#.*)?$/ { table = key_of($0); look(table, ""); next }
/=/ { look(table "." key_of(substr($0, 1, index($0, "=") - 1)), $0) }

# The name of a table or a key, without brackets, quotes and blanks.
function key_of(text) {
  sub(/#[^"']*$/, "", text)
  gsub(/[]["' \t]/, "", text)
  return text
}

function look(name, text,    plugin, value) {
  if ((name text) ~ /io\.containerd\.cri\.v1\.images/) plugin = "images"
  else if ((name text) ~ /io\.containerd\.grpc\.v1\.cri/ || name ~ /^plugins\.cri(\.|$)/) plugin = "cri"
  else return
  if (!seen[plugin]++) print "sets " plugin
  if (old[plugin] == 0 && (name ~ /\.registry\.(mirrors\..|configs\..*\.tls)/ || text ~ /mirrors["']?[ \t]*=[ \t]*\{[ \t]*[^ \t}]/)) {
    old[plugin] = NR
    print "mirrors " plugin " " NR
  }
  if (!match(text, /(^|[^A-Za-z_])config_path["']?[ \t]*=[ \t]*("[^"]*"|'[^']*')/)) return
  value = substr(text, RSTART, RLENGTH)
  sub(/^[^=]*=[ \t]*./, "", value)
  print "path " plugin " " NR " " substr(value, 1, length(value) - 1)
}

# The strings of an array, on one line or on several.
function read_array(text,    value) {
  while (match(text, /[]#]|"[^"]*"|'[^']*'/)) {
    if (substr(text, RSTART, 1) == "#") return
    if (substr(text, RSTART, 1) == "]") { array = ""; return }
    value = substr(text, RSTART + 1, RLENGTH - 2)
    if (array == "imports") print "import " value
    else if (value ~ /^(io\.containerd\.grpc\.v1\.)?cri$|^io\.containerd\.cri\.v1\.images$/) print "disabled"
    text = substr(text, RSTART + RLENGTH)
  }
}
