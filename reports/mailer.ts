// The only importer of nodemailer. Sends a mail by SMTP, or writes it to the outbox folder where no
// server is configured, and says truthfully which of four things became of it.
import { link, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import nodemailer, { type SendMailOptions } from 'nodemailer';
import { messageOf } from '../core/errors.ts';
import type { Mail } from './message.ts';

/** `uncertain`: it may have been accepted; it is never sent again by itself. */
export interface SendResult {
  outcome: 'sent' | 'retry' | 'failed' | 'uncertain';
  response: string;
}

export interface Mailer {
  send(mail: Mail): Promise<SendResult>;
  /** Whether a mail whose sender went away was accepted; `unknown` where nobody can tell. */
  wasAccepted(messageId: string): Promise<boolean | 'unknown'>;
  /** Proves that mail can be sent, and says how. */
  verify(): Promise<string>;
  close(): void;
}

const CONNECT_TIMEOUT_MS = 15_000;
// RFC 5321 §4.5.3.2.6: after the final dot wait ten minutes, else copies are delivered twice.
const SOCKET_TIMEOUT_MS = 10 * 60_000;

/** A mailer for an SMTP server. */
export function createSmtpMailer(smtpUrl: string): Mailer {
  const transport = nodemailer.createTransport({
    url: smtpUrl,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    send: async (mail) => {
      try {
        const info = await transport.sendMail(toOptions(mail));
        // A refused recipient does not reject the promise (nodemailer); one mail has one recipient.
        if (info.rejected.length > 0) return { outcome: 'failed', response: info.response };
        return { outcome: 'sent', response: info.response };
      } catch (error) {
        return classify(error);
      }
    },
    wasAccepted: async () => 'unknown',
    verify: async () => {
      await transport.verify();
      return `SMTP server ${new URL(smtpUrl).host} answers`;
    },
    close: () => transport.close(),
  };
}

/** A mailer that writes `.eml` files, one per Message-ID, and sends nothing. */
export function createOutboxMailer(outboxDir: string): Mailer {
  const transport = nodemailer.createTransport({
    streamTransport: true,
    buffer: true,
    newline: 'windows',
  });
  const pathOf = (messageId: string) =>
    join(outboxDir, `${messageId.replace(/[^A-Za-z0-9.@-]/g, '')}.eml`);
  return {
    send: async (mail) => {
      const { message } = await transport.sendMail(toOptions(mail));
      const path = pathOf(mail.messageId);
      await writeWhole(outboxDir, path, message as Buffer);
      return { outcome: 'sent', response: `written to ${path}` };
    },
    wasAccepted: async (messageId) => {
      return stat(pathOf(messageId)).then(
        () => true,
        () => false,
      );
    },
    verify: async () => {
      await mkdir(outboxDir, { recursive: true });
      return `no SMTP_URL is set: mails are written to ${outboxDir} and not sent`;
    },
    close: () => undefined,
  };
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
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

interface SmtpError {
  responseCode?: number;
  response?: string;
  syscall?: string;
}

/** Only a server's answer, or a connection that never stood, tells what became of a mail. */
function classify(error: unknown): SendResult {
  const { responseCode, response, syscall } = error as SmtpError;
  const text = response ?? messageOf(error);
  if (responseCode !== undefined && responseCode >= 500)
    return { outcome: 'failed', response: text };
  if (responseCode !== undefined && responseCode >= 400)
    return { outcome: 'retry', response: text };
  if (syscall === 'connect' || syscall === 'getaddrinfo')
    return { outcome: 'retry', response: text };
  return { outcome: 'uncertain', response: text };
}

async function writeWhole(folder: string, path: string, bytes: Buffer): Promise<void> {
  await mkdir(folder, { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, bytes, { flush: true });
  await link(unfinished, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(unfinished, { force: true });
}
