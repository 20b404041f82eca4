import { homedir } from "node:os";
import { join } from "node:path";

/** Where programs of other people's, which only the tests need, are kept from one run to the next. */
export const PROGRAMS_FOLDER: string = process.env["LARDER_TEST_PROGRAMS"] ?? join(homedir(), ".cache", "larder-tests");
