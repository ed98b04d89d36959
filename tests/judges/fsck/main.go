// Command fsck judges a transparency log with the code of Tessera, of which nothing is ours.
//
// Usage: fsck LOG VKEY OLDER-CHECKPOINT
//
// Its client proves that the log continues an older checkpoint; its fsck verifies the signed checkpoint, derives every
// tile and the root anew from the entries, and compares them with the log's.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
)

// With one worker a tile that does not fit stops the worker, and the check waits for it for ever.
const workers = 4
const patience = 2 * time.Minute

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := judge(ctx, os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Println("rejected:", err)
		os.Exit(1)
	}
	fmt.Println("ok")
}

func judge(ctx context.Context, root, vkey, olderPath string) error {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	older, err := os.ReadFile(olderPath)
	if err != nil {
		return err
	}
	origin, _, _ := strings.Cut(vkey, "+")
	log := client.FileFetcher{Root: root}
	consensus := client.UnilateralConsensus(log.ReadCheckpoint)
	tracker, err := client.NewLogStateTracker(ctx, log.ReadTile, older, verifier, origin, consensus)
	if err != nil {
		return err
	}
	if _, _, _, err := tracker.Update(ctx); err != nil {
		return err
	}
	current, _, _, err := client.FetchCheckpoint(ctx, log.ReadCheckpoint, verifier, origin)
	if err != nil {
		return err
	}
	// The tracker keeps to the older one, without a word, if that is not the smaller one.
	if latest := tracker.Latest(); latest.Size != current.Size || !bytes.Equal(latest.Hash, current.Hash) {
		return fmt.Errorf("it ends with %d leaves and had %d before", current.Size, latest.Size)
	}
	return fsck.New(origin, verifier, log, leafHashes, fsck.Opts{N: workers}).Check(ctx)
}

func leafHashes(bundle []byte) ([][]byte, error) {
	parsed := api.EntryBundle{}
	if err := parsed.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	hashes := make([][]byte, 0, len(parsed.Entries))
	for _, entry := range parsed.Entries {
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return hashes, nil
}
