import { ACCOUNT, CONFIGURATION_FILE, DATA_FOLDER } from "./places.ts";

/** What systemd-sysusers makes: the text of `sysusers.d/larder.conf`, the account and its group, without a login. */
export function sysusersFile(): string {
  return `u ${ACCOUNT} - "larder registry" ${DATA_FOLDER} -\n`;
}

/** What systemd-tmpfiles makes and sets right: the text of `tmpfiles.d/larder.conf`. */
export function tmpfilesFile(): string {
  return `d ${DATA_FOLDER} 0700 ${ACCOUNT} ${ACCOUNT} -
z ${CONFIGURATION_FILE} 0640 root ${ACCOUNT} -
`;
}
