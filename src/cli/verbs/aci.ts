import { Command } from "commander";
import { aciConvertCommand } from "./aci-convert.ts";
import { aciKeyCommand } from "./aci-key.ts";
import { aciLsCommand } from "./aci-ls.ts";
import { aciSignCommand } from "./aci-sign.ts";
import { aciWorkCommand } from "./aci-work.ts";
import { docker2aciCommand } from "./docker2aci.ts";
import type { CommandIo } from "../../lib/command/command-io.ts";

/** `larder aci`: App Container images, for rkt. */
export function aciCommand(io: CommandIo): Command {
  return new Command("aci")
    .addCommand(aciConvertCommand(io))
    .addCommand(aciSignCommand(io))
    .addCommand(aciKeyCommand(io))
    .addCommand(aciLsCommand(io))
    .addCommand(docker2aciCommand(io), { hidden: true })
    .addCommand(aciWorkCommand(io), { hidden: true });
}
