// The classifier on requests as people text them, and what it must never do.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { classifyTask } from './classify.ts';

test.each([
  ['hi', 'general'],
  ['', 'general'],
  ['What is the capital of France?', 'general'],
  ['How do I fix a leaky tap?', 'general'],
  ['create a cake recipe without eggs', 'general'],
  ['My class sort of ended early; make dinner', 'general'],
  ['¿Qué tiempo hace mañana?', 'general'],
  ['Write a python function that reverses a string', 'coding'],
  ['sort an array in js', 'coding'],
  ['select name from users where id=1 make it faster', 'coding'],
  ['const a = [3,1].map(x => x * 2)', 'coding'],
  ['My node app crashes with TypeError: x is undefined. why?', 'debug'],
  ['why is my code not working? for(i=0;i<3;i++)', 'debug'],
  ['docker build fails exit code 1', 'debug'],
  ['I get a 404 on my webhook', 'debug'],
  ['Design a logo for my bakery', 'design'],
  ['pick a color palette for a spa', 'design'],
  ['Write a README for my project', 'documentation'],
  ['Explain the API docs for my endpoint', 'documentation'],
  ['draft a user guide for our scanner', 'documentation'],
  ['Compare the revenue of Q1 and Q2', 'analysis'],
  ['Should I buy an iPhone or a Pixel? pros and cons', 'analysis'],
  ['analyze this data: 3,5,7 average?', 'analysis'],
])('%j is %s', (text, category) => {
  expect(classifyTask(text).category).toBe(category);
});

test('a harder request of a kind is more complex than an easier one', () => {
  const ladder = [
    'hi',
    'Design a logo for my bakery',
    'Design a logo for my bakery, it must use only two colors, without text',
    'Design a scalable distributed chat with encryption; it must survive outages, without locks',
  ].map((text) => classifyTask(text).complexity);
  expect(ladder).toEqual([...ladder].sort((one, other) => one - other));
  expect(new Set(ladder).size).toBe(ladder.length);
});

test('any text has a category and a complexity from 0 to 1 with two decimals', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2_500 }), (text) => {
      const { category, complexity } = classifyTask(text);
      expect(classifyTask(text)).toEqual({ category, complexity });
      expect(complexity).toBeGreaterThanOrEqual(0);
      expect(complexity).toBeLessThanOrEqual(1);
      expect(Number(complexity.toFixed(2))).toBe(complexity);
    }),
  );
});

test('more words of the same kind never make a task less complex', () => {
  fc.assert(
    fc.property(fc.array(fc.lorem({ maxCount: 5 })), fc.lorem(), (texts, more) => {
      const text = texts.join(' ');
      const before = classifyTask(text).complexity;
      expect(classifyTask(`${text} ${more}`).complexity).toBeGreaterThanOrEqual(before);
    }),
  );
});
