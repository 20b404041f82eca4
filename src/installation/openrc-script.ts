import { ACCOUNT, CONFIGURATION_FILE, DATA_FOLDER, type InstalledProgram } from "./places.ts";

/** Where OpenRC's supervisor puts what larder writes. */
export const OPENRC_LOG = "/var/log/larder/larder.log";

/**
 * The text of `/etc/init.d/larder` for OpenRC 0.45 and later (Alpine 3.17, Debian 12, Gentoo): supervised, started again when it
 * ends, as larder's own user with no more of root than ports below 1024.
 */
export function openrcScript({ program }: Pick<InstalledProgram, "program">): string {
  return `#!/sbin/openrc-run
# larder's service. Settings of the service are in /etc/conf.d/larder, larder's own in ${CONFIGURATION_FILE}.

name="larder"
description="a registry that keeps container images close"
extra_started_commands="reload"
extra_commands="checkconfig"
description_reload="reads ${CONFIGURATION_FILE} again"
description_checkconfig="says what is wrong with ${CONFIGURATION_FILE}"

: "\${larder_data:=${DATA_FOLDER}}"
: "\${larder_log:=${OPENRC_LOG}}"

supervisor="supervise-daemon"
command="${program}"
command_args="serve --config ${CONFIGURATION_FILE} \${larder_args}"
command_user="${ACCOUNT}:${ACCOUNT}"
no_new_privs="yes"
pidfile="/run/\${RC_SVCNAME}.pid"
output_log="\${larder_log}"
error_log="\${larder_log}"
umask="077"
rc_ulimit="-n 1048576"
respawn_delay="2"
respawn_max="0"
retry="TERM/45/KILL/5"
export RUNTIME_DIRECTORY="/run/larder"
# The runtime's room for requests. Without it larder says it to itself where it can, and so starts twice.
export BUN_CONFIG_MAX_HTTP_REQUESTS="\${BUN_CONFIG_MAX_HTTP_REQUESTS:-2048}"
unset BUN_OPTIONS BUN_BE_BUN BUN_INSPECT NODE_OPTIONS LD_PRELOAD LD_LIBRARY_PATH

depend() {
	use localmount net dns logger
	after firewall
}

checkconfig() {
	"\${command}" config check ${CONFIGURATION_FILE}
}

# Ports below 1024 by a capability: OpenRC gives it where it was built so, else setpriv does.
give_ports() {
	case "$(supervise-daemon "\${RC_SVCNAME}" --capabilities '^cap_net_bind_service' 2>&1)" in
		*"not enabled"*) ;;
		*) capabilities='^cap_net_bind_service'; return ;;
	esac
	if ! setpriv --dump >/dev/null 2>&1; then
		ewarn "Neither this OpenRC nor setpriv can give larder ports below 1024."
		return
	fi
	command_args="--reuid=${ACCOUNT} --regid=${ACCOUNT} --init-groups --no-new-privs --bounding-set=-all,+net_bind_service \
--inh-caps=-all,+net_bind_service --ambient-caps=-all,+net_bind_service \${command} \${command_args}"
	command="$(command -v setpriv)"
	unset command_user no_new_privs
}

start_pre() {
	checkpath --directory --owner ${ACCOUNT}:${ACCOUNT} --mode 0755 /run/larder || return 1
	checkpath --directory --owner ${ACCOUNT}:${ACCOUNT} --mode 0700 "\${larder_data}" || return 1
	checkpath --directory --owner ${ACCOUNT}:${ACCOUNT} --mode 0750 "\${larder_log%/*}" || return 1
	checkpath --file --owner ${ACCOUNT}:${ACCOUNT} --mode 0640 "\${larder_log}" || return 1
	checkconfig || return 1
	ulimit -c 0
	give_ports
}

reload() {
	ebegin "Reading the settings of \${RC_SVCNAME} again"
	checkconfig && supervise-daemon "\${RC_SVCNAME}" --signal HUP --pidfile "\${pidfile}"
	eend $?
}
`;
}

/** The text of `/etc/conf.d/larder`. `dataFolder` is larder's; the script makes it for larder's user. */
export function openrcConfiguration(dataFolder: string = DATA_FOLDER): string {
  const quoted = `'${dataFolder.replaceAll("'", `'\\''`)}'`;
  const data = dataFolder === DATA_FOLDER ? `#larder_data=${quoted}` : `larder_data=${quoted}`;
  return `# How larder is started. Its settings are in ${CONFIGURATION_FILE}.

# The folder that ${CONFIGURATION_FILE} names as data: it is made for larder's user.
${data}

# Where larder's log goes. It grows: have it rotated by copying (logrotate: copytruncate), since larder keeps it open.
#larder_log="${OPENRC_LOG}"

# Flags besides, such as --offline; they win over the file.
#larder_args=""

# Proxies on the way out, and other variables of the process.
#export HTTPS_PROXY=http://proxy.example:3128
`;
}
