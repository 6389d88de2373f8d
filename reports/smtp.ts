// The only importer of nodemailer: a mail as a message, and a message over SMTP with the distinction
// that matters. Until the server asks for the data, a lost connection has delivered nothing; after
// that, only its answer tells.
import { Readable } from 'node:stream';
import type { SendMailOptions } from 'nodemailer';
import MailComposer from 'nodemailer/lib/mail-composer';
import { parseConnectionUrl } from 'nodemailer/lib/shared';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Mail } from './message.ts';

export interface Envelope {
  from: string;
  to: string;
}

/** `uncertain`: it may have been accepted; it is never sent again by itself. */
export interface SendResult {
  outcome: 'sent' | 'retry' | 'failed' | 'uncertain';
  response: string;
}

const CONNECT_TIMEOUT_MS = 15_000;
// RFC 5321 §4.5.3.2.6: after the final dot wait ten minutes, else copies are delivered twice.
const SOCKET_TIMEOUT_MS = 10 * 60_000;

/** Sends `message` to one recipient. Never throws: whatever happened is an outcome. */
export async function sendOverSmtp(
  smtpUrl: string,
  { from, to }: Envelope,
  message: Buffer,
): Promise<SendResult> {
  const progress = { hasStarted: false };
  let connection: SMTPConnection | undefined;
  try {
    connection = await connectSmtp(smtpUrl);
    // Read for the first time when the server has asked for the data.
    const lazy = new Readable({
      read() {
        progress.hasStarted = true;
        this.push(message);
        this.push(null);
      },
    });
    const info = await sendEnvelope(connection, { from, to: [to] }, lazy);
    return { outcome: 'sent', response: info.response };
  } catch (error) {
    return { outcome: outcomeOf(error, progress.hasStarted), response: responseOf(error) };
  } finally {
    connection?.close();
  }
}

/** Connects and logs in, and throws where that fails. */
export async function connectSmtp(smtpUrl: string): Promise<SMTPConnection> {
  const options = parseConnectionUrl(smtpUrl) as SMTPConnection.Options & {
    auth?: { user: string; pass: string };
  };
  const connection = new SMTPConnection({
    ...options,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
  });
  // An error after the promise is settled has nobody else to tell, and must not end the process.
  connection.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    connection.once('error', reject);
    connection.once('end', () => reject(new Error('the connection was closed')));
    connection.connect(() => resolve());
  });
  const { auth } = options;
  if (auth === undefined) return connection;
  await new Promise<void>((resolve, reject) => {
    connection.once('error', reject);
    const credentials = { credentials: { user: auth.user, pass: auth.pass } };
    connection.login(credentials, (error) => (error ? reject(error) : resolve()));
  });
  return connection;
}

/** The message as it goes over the wire (RFC 5322, lines ended by CRLF). */
export function compileMail(mail: Mail): Promise<Buffer> {
  return new MailComposer(toOptions(mail)).compile().build();
}

function toOptions(mail: Mail): SendMailOptions {
  const inline = mail.images.map(({ cid, content }) => ({
    cid,
    content,
    filename: `${cid.split('@')[0]}.png`,
    contentType: 'image/png',
    contentDisposition: 'inline' as const,
  }));
  return {
    from: { name: 'Daybook', address: mail.from },
    to: { name: '', address: mail.to },
    messageId: mail.messageId,
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    attachments: [...inline, ...mail.attachments],
    headers: mail.headers,
    newline: 'windows',
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function sendEnvelope(
  connection: SMTPConnection,
  envelope: { from: string; to: string[] },
  message: Readable,
): Promise<SMTPConnection.SentMessageInfo> {
  return new Promise((resolve, reject) => {
    connection.once('error', reject);
    connection.once('end', () => reject(new Error('the connection was closed')));
    connection.send(envelope, message, (error, info) => (error ? reject(error) : resolve(info)));
  });
}

interface SmtpError {
  code?: string;
  responseCode?: number;
  response?: string;
}

function outcomeOf(error: unknown, hasStarted: boolean): SendResult['outcome'] {
  const { code, responseCode } = error as SmtpError;
  const isRefused = responseCode !== undefined && responseCode >= 500;
  // A refused sender, recipient or message is final; a refused login or greeting is ours to mend.
  if (isRefused && (code === 'EENVELOPE' || code === 'EMESSAGE')) return 'failed';
  if (responseCode !== undefined) return 'retry';
  return hasStarted ? 'uncertain' : 'retry';
}

function responseOf(error: unknown): string {
  return (error as SmtpError).response ?? (error instanceof Error ? error.message : String(error));
}
