/**
 * Where larder lies on a machine that it is installed on, whoever puts it there:
 *
 * ```
 * /usr/local/bin/larder                  `larder install`; packages: /usr/bin/larder
 * /etc/larder/larder.yaml                root:larder 0640: passwords may stand in it
 * /var/lib/larder                        larder:larder 0700, the data folder
 * /run/larder                            how commands find the one that runs; made at each start
 * /etc/systemd/system/larder.service     packages: /usr/lib/systemd/system
 * /etc/init.d/larder, /etc/conf.d/larder where OpenRC starts services
 * ```
 */

/** The account and the group that larder runs as, and the name of the service. */
export const ACCOUNT = "larder";

/** larder's own settings. */
export const CONFIGURATION_FILE = "/etc/larder/larder.yaml";

/** Where images are kept. */
export const DATA_FOLDER = "/var/lib/larder";

/** What a service manager starts. */
export type InstalledProgram = {
  /** The absolute path of the program, such as /usr/bin/larder. */
  readonly program: string;
  /** Where its documentation is, as `man:larder(1)`; null: nowhere on the machine. */
  readonly documentation: string | null;
};
