// A small SMTP server on loopback that keeps what it accepts and fails on demand, at the places where
// real servers do.
import { type AddressInfo, createServer, type Socket } from 'node:net';

export type Behaviour =
  | 'accept'
  | 'refuse at greeting'
  | 'close at greeting'
  | 'close at MAIL'
  | 'close at DATA'
  | '554 at greeting'
  | '450 at RCPT'
  | '550 at RCPT'
  | '450 after the dot'
  | '550 after the dot'
  /** It has taken the mail, and the sender never learns so. */
  | 'close after the dot'
  | 'stall after the dot';

export interface KeptMail {
  to: string;
  messageId: string;
  data: string;
}

export interface SmtpStandIn {
  url: string;
  /** What was accepted, answered or not. */
  mails: KeptMail[];
  /** Message-IDs of every mail offered up to its recipient or its dot. */
  offers: number;
  behaviour: Behaviour;
  close(): Promise<void>;
}

/** Starts the server on a free port. */
export async function startSmtpStandIn(): Promise<SmtpStandIn> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    converse(socket, standIn);
  });
  const standIn: SmtpStandIn = {
    url: '',
    mails: [],
    offers: 0,
    behaviour: 'accept',
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  standIn.url = `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return standIn;
}

function converse(socket: Socket, standIn: SmtpStandIn): void {
  let buffer = '';
  let to = '';
  let isData = false;
  const answer = (line: string) => socket.write(`${line}\r\n`);
  const greetings: Partial<Record<Behaviour, string>> = {
    'refuse at greeting': '421 too busy',
    '554 at greeting': '554 not today',
  };
  if (standIn.behaviour === 'close at greeting') return void socket.destroy();
  answer(greetings[standIn.behaviour] ?? '220 stand-in');
  socket.on('data', (chunk) => {
    buffer += chunk.toString('utf8');
    for (;;) {
      const mark = isData ? '\r\n.\r\n' : '\r\n';
      const end = buffer.indexOf(mark);
      if (end < 0) return;
      const line = buffer.slice(0, end);
      buffer = buffer.slice(end + mark.length);
      if (isData) {
        isData = false;
        afterDot(line);
      } else command(line);
    }
  });

  function command(line: string): void {
    const word = /^(MAIL|DATA)/i.exec(line)?.[1]?.toUpperCase();
    if (word !== undefined && standIn.behaviour === `close at ${word}`)
      return void socket.destroy();
    if (/^RCPT TO:/i.test(line)) {
      to = /<([^>]*)>/.exec(line)?.[1] ?? '';
      standIn.offers += 1;
      const code = /^(\d+) at RCPT$/.exec(standIn.behaviour)?.[1];
      answer(code === undefined ? '250 ok' : `${code} as told`);
    } else if (/^DATA/i.test(line)) {
      isData = true;
      answer('354 go on');
    } else if (/^QUIT/i.test(line)) {
      answer('221 bye');
      socket.end();
    } else answer('250 ok');
  }

  function afterDot(data: string): void {
    const code = /^(\d+) after the dot$/.exec(standIn.behaviour)?.[1];
    if (code !== undefined) return void answer(`${code} as told`);
    standIn.mails.push({ to, messageId: /^Message-ID: (.*)$/im.exec(data)?.[1] ?? '', data });
    if (standIn.behaviour === 'accept') answer('250 queued');
    if (standIn.behaviour === 'close after the dot') socket.destroy();
  }
}
