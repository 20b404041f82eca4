/** A program: a registry on port 5000 that prints the paths that are asked of it while a command, its argument, runs. */
export const LISTENING_SERVER = `
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 5000,
  fetch(request) {
    const { pathname } = new URL(request.url);
    console.log(pathname);
    return new Response("{}", { status: pathname === "/v2/" ? 200 : 404 });
  },
});
await Bun.spawn(["sh", "-c", process.argv[2]]).exited;
await server.stop(true);
`;
