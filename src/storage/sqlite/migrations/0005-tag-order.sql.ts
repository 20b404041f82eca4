/** Tags in the order in which they came, for lists that begin with the newest. Its rows hold the key of `tag`, too. */
export default `
CREATE INDEX tag_updated ON tag (updated_at);
`;
