import { ruleAnswer, ruleList, ruleQuestion } from "./access-schemas.ts";
import {
  auditPage,
  auditQuery,
  newToken,
  pageQuery,
  putUser,
  removedUser,
  revokedToken,
  tokenName,
  tokenPage,
  tokenRequest,
  userName,
  userPage,
  userRequest,
} from "./account-schemas.ts";
import { operation } from "./operation.ts";

/** Operations of the admin API: people and programs, what they may, and who changed what. */
export const ACCOUNT_OPERATIONS = {
  listRules: operation("GET", "/rules", {
    action: "administer",
    summary: "List the rules as they hold now",
    answer: ruleList,
  }),
  testRule: operation("POST", "/rules/tests", {
    action: "administer",
    audited: false,
    summary: "May somebody do something, and which rule says so?",
    description: "Nothing is looked at but rules and grants: who it is has to be proved all the same when it is done.",
    body: ruleQuestion,
    answer: ruleAnswer,
  }),
  listUsers: operation("GET", "/users", {
    action: "administer",
    summary: "List users",
    query: pageQuery,
    answer: userPage,
  }),
  putUser: operation("PUT", "/users/{name}", {
    action: "administer",
    audited: false,
    summary: "Add a user, or give one another password or other grants",
    description: "With the first user or token rules begin to count, at once.",
    parameters: { name: userName },
    body: userRequest,
    answer: putUser,
  }),
  removeUser: operation("DELETE", "/users/{name}", {
    action: "administer",
    audited: false,
    summary: "Remove a user",
    parameters: { name: userName },
    answer: removedUser,
  }),
  listTokens: operation("GET", "/tokens", {
    action: "administer",
    summary: "List tokens, those too that have expired or were revoked lately",
    query: pageQuery,
    answer: tokenPage,
  }),
  createToken: operation("POST", "/tokens", {
    action: "administer",
    audited: false,
    summary: "Make a token for a program",
    description: "Only its hash is kept: the answer is the one place where it is told.",
    body: tokenRequest,
    answer: newToken,
  }),
  revokeToken: operation("DELETE", "/tokens/{token}", {
    action: "administer",
    audited: false,
    summary: "Revoke a token",
    parameters: { token: tokenName },
    answer: revokedToken,
  }),
  listAudit: operation("GET", "/audit", {
    action: "administer",
    isWork: true,
    summary: "List who changed what, the newest first",
    query: auditQuery,
    answer: auditPage,
  }),
} as const;
