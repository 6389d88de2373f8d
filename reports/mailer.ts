// Sends a mail by SMTP, or writes it to the outbox folder where no server is configured, and says
// truthfully which of four things became of it.
import { link, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../core/errors.ts';
import type { Mail } from './message.ts';
import { compileMail, connectSmtp, type SendResult, sendOverSmtp } from './smtp.ts';

export type { SendResult } from './smtp.ts';

export interface Mailer {
  send(mail: Mail): Promise<SendResult>;
  /** Whether a mail whose sender went away was accepted; `unknown` where nobody can tell. */
  wasAccepted(messageId: string): Promise<boolean | 'unknown'>;
  /** Proves that mail can be sent, and says how. */
  verify(): Promise<string>;
}

/** A mailer for an SMTP server. */
export function createSmtpMailer(smtpUrl: string): Mailer {
  return {
    send: async (mail) =>
      sendOverSmtp(smtpUrl, { from: mail.from, to: mail.to }, await compileMail(mail)),
    wasAccepted: async () => 'unknown',
    verify: async () => {
      (await connectSmtp(smtpUrl)).quit();
      return `SMTP server ${new URL(smtpUrl).host} answers`;
    },
  };
}

/** A mailer that writes `.eml` files, one per Message-ID, and sends nothing. */
export function createOutboxMailer(outboxDir: string): Mailer {
  const pathOf = (messageId: string) =>
    join(outboxDir, `${messageId.replace(/[^A-Za-z0-9.@-]/g, '')}.eml`);
  return {
    send: async (mail) => {
      const path = pathOf(mail.messageId);
      try {
        await writeWhole(outboxDir, path, await compileMail(mail));
        return { outcome: 'sent', response: `written to ${path}` };
      } catch (error) {
        return { outcome: 'retry', response: messageOf(error) };
      }
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
  };
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
