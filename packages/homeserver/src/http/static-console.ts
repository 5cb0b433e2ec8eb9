// The console's files below /_pons/console: a folder built elsewhere (packages/console), given by whoever composes the process.
// The page is one document with its own router, so a path without a file name is answered with index.html.

import { join } from 'node:path';
import express, { type RequestHandler } from 'express';

/** Only our own files run; the page talks to this origin alone. */
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self' ws: wss:; frame-ancestors 'none'";

/** Serves the folder; hashed files below assets/ may be kept forever, the page itself not at all. */
export function staticConsole(folder: string): RequestHandler {
  const files = express.static(folder, {
    index: 'index.html',
    setHeaders(response, path) {
      const forever = path.startsWith(join(folder, 'assets'));
      response.setHeader('cache-control', forever ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  return (request, response, next) => {
    response.setHeader('content-security-policy', POLICY);
    response.setHeader('x-content-type-options', 'nosniff');
    files(request, response, (error?: unknown) => {
      const isPage = request.method === 'GET' && !/\.[a-z0-9]+$/i.test(request.path);
      if (error !== undefined || !isPage) next(error);
      else response.sendFile(join(folder, 'index.html'), next);
    });
  };
}
