import { ACCOUNT, CONFIGURATION_FILE, type InstalledProgram } from "./places.ts";

/**
 * The text of `larder.service` for systemd 247 and later. What is left open has its reason: larder tells this machine's
 * programs from proxies by looking at all processes and at the kernel's sockets, and runs code that it has just compiled.
 */
export function systemdUnit({ program, documentation }: InstalledProgram): string {
  const pages = documentation === null ? "" : `Documentation=${documentation}\n`;
  return `# larder's service. Changes belong into a drop-in, which upgrades leave alone: systemctl edit larder
[Unit]
Description=larder, a registry that keeps container images close
${pages}# Not network-online.target: without a network, what is here is served all the same.
After=network.target

[Service]
Type=notify
NotifyAccess=main
User=${ACCOUNT}
Group=${ACCOUNT}
# The runtime's room for requests. Without it larder says it to itself, and so starts twice.
Environment=BUN_CONFIG_MAX_HTTP_REQUESTS=2048
EnvironmentFile=-/etc/default/larder
EnvironmentFile=-/etc/sysconfig/larder
# What would turn the program into something else.
UnsetEnvironment=BUN_OPTIONS BUN_BE_BUN BUN_INSPECT BUN_JSC_useJIT NODE_OPTIONS LD_PRELOAD LD_LIBRARY_PATH
ExecStart=${program} serve --config ${CONFIGURATION_FILE}
# A file that is wrong makes the reload fail, and changes nothing.
ExecReload=${program} config check ${CONFIGURATION_FILE}
ExecReload=/bin/kill -HUP $MAINPID
# Tried again until it works: an address may come late, a disk, too. Not so wrong settings, which wait for a person.
Restart=always
RestartSec=2
RestartPreventExitStatus=2
# larder asks for more time while it opens a large store and while open transfers end.
TimeoutStartSec=90
TimeoutStopSec=45
# A process that no longer answers is ended and started anew.
WatchdogSec=60
KillMode=mixed
LimitNOFILE=1048576
LimitCORE=0
UMask=0077

ConfigurationDirectory=larder
ConfigurationDirectoryMode=0755
StateDirectory=larder
StateDirectoryMode=0700
RuntimeDirectory=larder
RuntimeDirectoryMode=0755

# Ports below 1024, and nothing else of root's.
AmbientCapabilities=CAP_NET_BIND_SERVICE
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
NoNewPrivileges=yes
# A data folder elsewhere needs ReadWritePaths= in a drop-in; larder install writes it.
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes
DevicePolicy=closed
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
KeyringMode=private
LockPersonality=yes
RemoveIPC=yes
# AF_NETLINK: whose the other end of a connection is (sock_diag), and the machine's addresses.
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
# Conversions to ACIs make way for pulls.
SystemCallFilter=setpriority
# Not ProtectProc= and ProcSubset=: a proxy on this machine, which asks for others, must not be taken for one of its people.
# Not MemoryDenyWriteExecute=: the program compiles as it runs. Not PrivateUsers=: ports below 1024 would be out of reach.

[Install]
WantedBy=multi-user.target
`;
}
