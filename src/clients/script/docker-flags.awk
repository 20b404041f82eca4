# What is said to dockerd by flags that daemon.json says, too? Reads the keys of daemon.json, a line each (part=1), then all that
# may hold flags: KIND TAB SOURCE TAB LINE NUMBER TAB TEXT, the kinds being process, systemd, unit, dropin and variables. `daemon`
# is the path of daemon.json. Prints a line for each obstacle. Exit status: 0 there is none, 4 there are some.

BEGIN { FS = "\t" }
part == 1 { if ($0 ~ /^[A-Za-z0-9_-]+$/) key[++keys] = $0; next }
{
  text = $0
  sub(/^[^\t]*\t[^\t]*\t[^\t]*\t/, "", text)
  if ($1 != "process" && text ~ /^[ \t]*[#;]/) next
  lines++
  # Which directive of a unit a line belongs to: a line that ends with a backslash goes on in the next one.
  if (!continues || $2 != last_source) { directive = text; sub(/[ \t]*=.*$/, "", directive); sub(/^[ \t]+/, "", directive) }
  continues = (text ~ /\\$/)
  last_source = $2
  belongs[lines] = directive
  kind[lines] = $1; where[lines] = $2 (($1 == "process" || $1 == "systemd") ? "" : ":" $3); line[lines] = text
  if ($1 == "dropin" && text ~ /^[ \t]*ExecStart[ \t]*=[ \t]*$/) isreset = 1
  if ($1 == "systemd") isasked = 1
}
END {
  for (i = 1; i <= lines; i++) judge(i)
  if (problems > 0) exit 4
}

function problem(i, what) {
  if ((where[i], what) in said) return
  said[where[i], what] = 1
  print where[i] ": " what
  problems++
}

function judge(i,    k, flags) {
  if (kind[i] ~ /^(unit|dropin)$/ && belongs[i] ~ /^Exec/ && belongs[i] != "ExecStart") return
  # What the unit itself starts no longer counts when a drop-in has another command.
  if (kind[i] == "unit" && isreset && belongs[i] == "ExecStart") return
  if (match(line[i], /--config-file([ =]|$)/) && (kind[i] != "process")) other_file(i, substr(line[i], RSTART + RLENGTH))
  else if (kind[i] == "process" && line[i] ~ /^--config-file/)
    other_file(i, (line[i] == "--config-file") ? line[i + 1] : substr(line[i], 15))
  for (k = 1; k <= keys; k++) {
    # Of keys that were there before, what systemd says is enough: with them dockerd has started so far.
    if (isasked && kind[i] !~ /^(process|systemd)$/ && key[k] !~ /^(registry-mirrors|insecure-registries)$/) continue
    # In a script many a flag is another program's; where a variable is given its value, it is dockerd's.
    if (kind[i] ~ /^(variables|unit|dropin)$/ && key[k] !~ /^(registry-mirrors|insecure-registries)$/ && line[i] !~ /^[ \t]*((export[ \t]+)?[A-Za-z_][A-Za-z0-9_]*=|-)/) continue
    flags = flags_of(key[k])
    if (line[i] ~ ("(^|[ \t\"'=])(" flags ")([= \t\"']|$)"))
      problem(i, "it passes " shown(flags, line[i]) " to dockerd, which does not start when " daemon " has " key[k] ", too. Take the flag out (its value can go into that file)")
  }
}

function other_file(i, path) {
  sub(/^["' ]+/, "", path)
  sub(/["' ;].*$/, "", path)
  if (path != "" && path != daemon)
    problem(i, "dockerd reads " path " instead of " daemon " (--config-file): larder's settings would have no effect there. Add them to that file by hand")
}

# The flags that say what a key says, as alternatives.
function flags_of(name,    one) {
  if (name == "hosts") return "--host|-H"
  if (name == "debug") return "--debug|-D"
  if (name == "log-level") return "--log-level|-l"
  if (name == "group") return "--group|-G"
  if (name == "data-root" || name == "graph") return "--data-root|--graph|-g"
  if (name == "storage-driver") return "--storage-driver|-s"
  if (name == "pidfile") return "--pidfile|-p"
  if (name == "runtimes") return "--add-runtime"
  one = name
  if (!sub(/ies$/, "y", one)) sub(/s$/, "", one)
  return (one == name) ? "--" name : "--" one "|--" name
}

# The one of the flags that is in the text.
function shown(flags, text,    each, many, i) {
  many = split(flags, each, "|")
  for (i = 1; i <= many; i++) if (text ~ ("(^|[ \t\"'=])" each[i] "([= \t\"']|$)")) return each[i]
}
