# Puts larder's host before the others of a hosts.toml. Input: larder's own file for that registry, then the file that is
# there, without larder's block. Variables: target, why (the file for the reason). Exit status: 0 and the new text;
# 3 it asks larder first already; 4 not possible.

function refuse(reason) { print reason >why; status = 4; exit 4 }

function unclear(line) { refuse("line " line " is not of a form that can be merged") }

function is_host(line) { return line ~ /^[ \t]*\[[ \t]*host[ \t]*\.[ \t]*("[^"\\]*"|'[^']*')[ \t]*\]/ }

function is_part(line) {
  return line ~ /^[ \t]*\[[ \t]*host[ \t]*\.[ \t]*("[^"\\]*"|'[^']*')[ \t]*\.[ \t]*[A-Za-z_."-]+[ \t]*\]/
}

# host_of LINE: the URL of a host's table, without a slash at its end.
function host_of(line) {
  match(line, /("[^"\\]*"|'[^']*')/)
  line = substr(line, RSTART + 1, RLENGTH - 2)
  sub(/\/$/, "", line)
  return line
}

# brackets LINE: how many it opens and does not close, outside of strings and comments.
function brackets(line, depth, at, mark) {
  depth = 0
  while (match(line, /"([^"\\]|\\.)*"|'[^']*'|#.*|\[|\]/)) {
    mark = substr(line, RSTART, 1)
    if (mark == "[") depth++
    if (mark == "]") depth--
    line = substr(line, RSTART + RLENGTH)
  }
  return depth
}

FNR == 1 { file++ }
file == 1 { own[++owned] = $0; if (!from && is_host($0)) { from = owned; url = host_of($0) } next }
{ lines[++count] = $0 }

END {
  if (status) exit status
  if (!from) refuse("beside an IPv6 address nothing else can stand in it")
  for (n = 1; n <= owned; n++) if (own[n] == "server = \"" url "\"")
    refuse("it has others asked, and larder alone is to be asked")
  for (n = 1; n <= count; n++) {
    line = lines[n]
    if (index(line, "\"\"\"") || index(line, "'''")) unclear(n)
    if (depth != 0 || line !~ /^[ \t]*\[/) { depth += brackets(line); continue }
    if (is_host(line)) {
      if (host_of(line) == url) {
        if (!heading) exit 3
        refuse("line " n ": it asks another before larder")
      }
    } else if (!is_part(line)) unclear(n)
    if (!heading) heading = n
  }
  if (depth != 0) unclear(count)
  if (!heading) heading = count + 1
  for (n = 1; n < heading; n++) print lines[n]
  print "# BEGIN larder " target
  for (n = from; n <= owned; n++) print own[n]
  print "# END larder " target
  for (n = heading; n <= count; n++) print lines[n]
}
