import type { Changes, SQLQueryBindings, Statement } from "bun:sqlite";
import { isSqliteDamage } from "../store-damage.ts";

/** A prepared statement that tells when it meets damage: a page that is garbage fails those alone who read it. */
export class CheckedStatement<Row, Parameters extends SQLQueryBindings[]> {
  readonly #statement: Statement<Row, Parameters>;
  readonly #failure: (error: unknown) => unknown;

  /** `failure` is told of damage, and gives the error to throw. */
  constructor(statement: Statement<Row, Parameters>, failure: (error: unknown) => unknown) {
    this.#statement = statement;
    this.#failure = failure;
  }

  get(...parameters: Parameters): Row | null {
    try {
      return this.#statement.get(...parameters);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  all(...parameters: Parameters): Row[] {
    try {
      return this.#statement.all(...parameters);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  run(...parameters: Parameters): Changes {
    try {
      return this.#statement.run(...parameters);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  #explain(error: unknown): unknown {
    return isSqliteDamage(error) ? this.#failure(error) : error;
  }
}
