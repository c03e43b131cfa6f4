// A local network in a process of its own, and @solana/kit with the generated client: what a web page or a bot would do.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
    AccountRole,
    address,
    appendTransactionMessageInstructions,
    createKeyPairSignerFromBytes,
    createSolanaRpc,
    createSolanaRpcSubscriptions,
    createTransactionMessage,
    getAddressEncoder,
    getProgramDerivedAddress,
    getSignatureFromTransaction,
    getU32Encoder,
    pipe,
    sendAndConfirmTransactionFactory,
    setTransactionMessageFeePayerSigner,
    setTransactionMessageLifetimeUsingBlockhash,
    signTransactionMessageWithSigners,
    type Address,
    type Instruction,
    type KeyPairSigner,
    type Rpc,
    type RpcSubscriptions,
    type Signature,
    type SolanaRpcApi,
    type SolanaRpcSubscriptionsApi,
} from '@solana/kit';
import {
    decodeMarginAccount,
    fetchMarginAccount,
    fetchRiskBoard,
    getDepositInstruction,
    getOpenAccountInstruction,
    getRefreshPricesInstruction,
    PLIMSOLL_PROGRAM_ADDRESS,
    type MarginAccount,
    type RiskBoard,
} from '../generated/index.ts';

/** What `plimsoll-localnet --json` says. */
type Announced = {
    rpc: string;
    websocket: string;
    program: string;
    exchange: string;
    board: string;
    feeds: { name: string; index: number; oracle: string }[];
    banks: { name: string; index: number; decimals: number; mint: string; bank: string; vault: string }[];
    wallets: { address: string; keypair: string; tokens: Record<string, string> }[];
};

const PRICE_BITS = 40n;
const NUMBER = 3;
const DEPOSITED = 250_000_000n;
/** Milliseconds; only ends a test that would hang. */
const timeout = 120_000;

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const binary = process.env.PLIMSOLL_LOCALNET ?? join(repository, 'target/debug/plimsoll-localnet');
const keys = mkdtempSync(join(tmpdir(), 'plimsoll-kit-'));

let child: ChildProcess;
let network: Announced;
let rpc: Rpc<SolanaRpcApi>;
let subscriptions: RpcSubscriptions<SolanaRpcSubscriptionsApi>;
let wallet: KeyPairSigner;
let account: Address;

before(async () => {
    assert.ok(existsSync(binary), `no ${binary}: run \`cargo xtask test\`, which builds it`);
    const elf = join(repository, 'target/deploy/plimsoll.so');
    const ports = ['--rpc-port', '0', '--ws-port', '0'];
    const flags = ['--json', '--no-keepers', ...ports, '--wallets', '1', '--elf', elf, '--keys', keys];
    child = spawn(binary, flags, { stdio: ['ignore', 'pipe', 'inherit'] });
    network = JSON.parse(await firstLine(child)) as Announced;
    rpc = createSolanaRpc(network.rpc);
    subscriptions = createSolanaRpcSubscriptions(network.websocket);
    const secret: number[] = JSON.parse(readFileSync(network.wallets[0]!.keypair, 'utf8'));
    wallet = await createKeyPairSignerFromBytes(Uint8Array.from(secret));
    const seeds = [
        'account',
        getAddressEncoder().encode(address(network.exchange)),
        getAddressEncoder().encode(wallet.address),
        getU32Encoder().encode(NUMBER),
    ];
    [account] = await getProgramDerivedAddress({ programAddress: PLIMSOLL_PROGRAM_ADDRESS, seeds });
});

after(async () => {
    const ended = new Promise(resolve => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
    rmSync(keys, { recursive: true });
});

test('the program is where the generated client expects it', { timeout }, async () => {
    assert.equal(network.program, PLIMSOLL_PROGRAM_ADDRESS);
    const { value } = await rpc.getAccountInfo(PLIMSOLL_PROGRAM_ADDRESS, { encoding: 'base64' }).send();
    assert.equal(value?.executable, true);
});

test('prices are refreshed and read from the board', { timeout }, async () => {
    const feeds = Uint8Array.from(network.feeds, feed => feed.index);
    const refresh = getRefreshPricesInstruction({ board: address(network.board), feeds });
    const oracles = network.feeds.map(feed => ({ address: address(feed.oracle), role: AccountRole.READONLY }));
    await send({ ...refresh, accounts: [...refresh.accounts, ...oracles] });

    const board: RiskBoard = (await fetchRiskBoard(rpc, address(network.board), { commitment: 'confirmed' })).data;
    const prices = new Map(network.feeds.map(feed => [feed.name, board.feeds[feed.index]!.price >> PRICE_BITS]));
    const within = (name: string, low: bigint, high: bigint) => {
        const price = prices.get(name)!;
        assert.ok(low <= price && price <= high, `${name}: ${price}`);
    };
    within('BTC', 20_000n, 60_000n);
    within('ETH', 1_400n, 4_200n);
    within('SOL', 40n, 120n);
    assert.ok(board.header.heartbeat > 0n);
});

test('a deposit goes from a wallet into a margin account, and WebSocket tells of it', { timeout }, async () => {
    const [usdc] = network.banks;
    assert.ok(usdc && usdc.name === 'USDC');
    const open = getOpenAccountInstruction({
        payer: wallet,
        owner: wallet,
        board: address(network.board),
        account,
        number: NUMBER,
    });
    await send(open);
    const abort = new AbortController();
    const notifications = await subscriptions
        .accountNotifications(account, { commitment: 'confirmed', encoding: 'base64' })
        .subscribe({ abortSignal: abort.signal });
    // What is told before somebody asks is lost.
    const told = notifications[Symbol.asyncIterator]().next();

    const source = address(network.wallets[0]!.tokens.USDC!);
    const before = await held(source);
    const deposit = getDepositInstruction({
        depositor: wallet,
        account,
        board: address(network.board),
        bank: address(usdc.bank),
        mint: address(usdc.mint),
        vault: address(usdc.vault),
        source,
        amount: DEPOSITED,
    });
    const signature = await send(deposit);

    assert.equal(await held(source), before - DEPOSITED);
    const margin: MarginAccount = (await fetchMarginAccount(rpc, account, { commitment: 'confirmed' })).data;
    assert.equal(margin.header.owner, wallet.address);
    assert.equal(margin.header.number, NUMBER);
    requireOneDeposit(margin, usdc.index);
    const { value } = (await told).value;
    const data = Uint8Array.from(Buffer.from(value.data[0], 'base64'));
    const { executable, lamports, owner, space } = value;
    const encoded = { address: account, data, executable, lamports, programAddress: owner, space };
    requireOneDeposit(decodeMarginAccount(encoded).data, usdc.index);
    abort.abort();
    const transaction = await rpc
        .getTransaction(signature, { commitment: 'confirmed', encoding: 'json', maxSupportedTransactionVersion: 0 })
        .send();
    assert.equal(transaction?.meta?.err, null);
});

function requireOneDeposit(margin: MarginAccount, bank: number): void {
    const balances = margin.balances.filter(balance => balance.shares > 0n);
    assert.deepEqual(
        balances.map(balance => [balance.bank, balance.borrowed]),
        [[bank, 0]],
    );
}

/** Sends one transaction, which the wallet pays, and waits until it is confirmed. */
async function send(...instructions: Instruction[]): Promise<Signature> {
    const { value: blockhash } = await rpc.getLatestBlockhash({ commitment: 'confirmed' }).send();
    const message = pipe(
        createTransactionMessage({ version: 0 }),
        message => setTransactionMessageFeePayerSigner(wallet, message),
        message => setTransactionMessageLifetimeUsingBlockhash(blockhash, message),
        message => appendTransactionMessageInstructions(instructions, message),
    );
    const transaction = await signTransactionMessageWithSigners(message);
    const confirm = sendAndConfirmTransactionFactory({ rpc, rpcSubscriptions: subscriptions });
    await confirm(transaction as Parameters<typeof confirm>[0], { commitment: 'confirmed' });
    return getSignatureFromTransaction(transaction);
}

async function held(tokenAccount: Address): Promise<bigint> {
    const { value } = await rpc.getTokenAccountBalance(tokenAccount, { commitment: 'confirmed' }).send();
    return BigInt(value.amount);
}

async function firstLine(of: ChildProcess): Promise<string> {
    const lines = createInterface({ input: of.stdout! });
    for await (const line of lines) return line;
    throw new Error(`${binary} ended without a word`);
}
