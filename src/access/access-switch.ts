import type { Repository } from "../oci/repository.ts";
import type { AccessControl, Decision, PullView } from "./access-control.ts";
import type { Action } from "./action.ts";
import type { Principal } from "./principal.ts";

/** Decides as the control does that holds at that moment: who is set up while larder runs changes it. */
export class AccessSwitch implements AccessControl {
  readonly #now: () => AccessControl;

  constructor(now: () => AccessControl) {
    this.#now = now;
  }

  get everyonePullsAll(): boolean {
    return this.#now().everyonePullsAll;
  }

  get knowsPeople(): boolean {
    return this.#now().knowsPeople;
  }

  allowsEveryone(action: Action, repository: Repository | null): boolean {
    return this.#now().allowsEveryone(action, repository);
  }

  decide(principal: Principal, action: Action, repository: Repository | null): Decision | Promise<Decision> {
    return this.#now().decide(principal, action, repository);
  }

  viewOf(principal: Principal): PullView | null {
    return this.#now().viewOf(principal);
  }
}
