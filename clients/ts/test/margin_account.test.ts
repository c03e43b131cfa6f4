// Decodes, with the generated client, a margin account as the local network returned it. The Rust smoke tests leave it
// in target/fixtures after a deposit: run `cargo xtask test`, which runs both in order.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { getMarginAccountDecoder } from '../generated/index.ts';

type Fixture = { data: string; owner: string; number: number; bank: number; shares: string };

const path = new URL('../../../target/fixtures/margin_account.json', import.meta.url);
const fixture: Fixture = JSON.parse(readFileSync(path, 'utf8'));
const account = getMarginAccountDecoder().decode(Buffer.from(fixture.data, 'base64'));

test('the account belongs to its owner', () => {
    assert.equal(account.header.owner.toString(), fixture.owner);
    assert.equal(account.header.number, fixture.number);
});

test('the deposit is its only balance', () => {
    const held = account.balances.filter(balance => balance.shares > 0n);
    assert.equal(held.length, 1);
    assert.equal(held[0]?.bank, fixture.bank);
    assert.equal(held[0]?.shares.toString(), fixture.shares);
    assert.equal(held[0]?.borrowed, 0);
});
