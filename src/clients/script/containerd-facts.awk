# What a configuration of containerd, or the output of 'containerd config dump', says of CRI's registries; a line each:
#
#   import PATTERN      it imports these files
#   sets PLUGIN         it has something of the plugin that has CRI's registries: images (since 2.0) or cri (before)
#   path PLUGIN VALUE   config_path
#   mirrors PLUGIN      registries in the old way, which containerd forbids beside config_path

{ sub(/\r$/, "") }
/^[ \t]*(#|$)/ { next }
importing || (table == "" && /^[ \t]*["']?imports["']?[ \t]*=/) { read_imports($0); next }
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
  if (name ~ /\.registry\.(mirrors\..|configs\..*\.tls)/ || text ~ /mirrors["']?[ \t]*=[ \t]*\{[ \t]*[^ \t}]/) print "mirrors " plugin
  if (!match(text, /(^|[^A-Za-z_])config_path["']?[ \t]*=[ \t]*("[^"]*"|'[^']*')/)) return
  value = substr(text, RSTART, RLENGTH)
  sub(/^[^=]*=[ \t]*./, "", value)
  print "path " plugin " " substr(value, 1, length(value) - 1)
}

function read_imports(text) {
  importing = 1
  while (match(text, /[]#]|"[^"]*"|'[^']*'/)) {
    if (substr(text, RSTART, 1) == "#") return
    if (substr(text, RSTART, 1) == "]") { importing = 0; return }
    print "import " substr(text, RSTART + 1, RLENGTH - 2)
    text = substr(text, RSTART + RLENGTH)
  }
}
