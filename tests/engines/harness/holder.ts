// Starts engines, says which processes they are, and ends when it is told to or killed. With the word `frozen`
// PostgreSQL stands still.
import { text } from 'node:stream/consumers';
import { startMosquitto, startPostgres } from '@skerry/testkit/engines';

const broker = await startMosquitto();
const server = await startPostgres();
if (process.argv[2] === 'frozen') await server.freeze();
console.log(JSON.stringify({ pids: [...broker.pids, ...server.pids], folder: broker.folder }));
await text(process.stdin);
process.exit();
