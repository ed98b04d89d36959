// Command sumdb judges a transparency log with the reference code of the Go checksum database, of which nothing is ours.
//
// Usage: sumdb LOG VKEY [OLDER-CHECKPOINT [PROOF...]]
//
// It verifies the signed checkpoint, hashes every entry of the log anew into a tree of its own, compares the root and
// every tile, proves that the tree continues an older checkpoint, and checks .tlog-proof files that carry their entry.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if err := judge(os.Args[1:]); err != nil {
		fmt.Println("rejected:", err)
		os.Exit(1)
	}
	fmt.Println("ok")
}

func judge(args []string) error {
	verifier, err := note.NewVerifier(args[1])
	if err != nil {
		return err
	}
	size, root, err := checkpoint(filepath.Join(args[0], "checkpoint"), verifier)
	if err != nil {
		return err
	}
	stored, err := rebuild(args[0], size)
	if err != nil {
		return err
	}
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			hashes[i] = stored[index]
		}
		return hashes, nil
	})
	found, err := tlog.TreeHash(size, reader)
	if err != nil || found != root {
		return fmt.Errorf("the entries have the root %v, the checkpoint says %v (%v)", found, root, err)
	}
	if err := compareTiles(args[0], size, reader); err != nil {
		return err
	}
	if len(args) > 2 {
		if err := continues(args[2], verifier, size, root, reader); err != nil {
			return err
		}
	}
	for _, path := range args[min(3, len(args)):] {
		if err := proof(path, verifier); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

func checkpoint(path string, verifier note.Verifier) (int64, tlog.Hash, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	return open(data, verifier)
}

func open(data []byte, verifier note.Verifier) (int64, tlog.Hash, error) {
	opened, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return 0, tlog.Hash{}, fmt.Errorf("a checkpoint of %q", lines[0])
	}
	var size int64
	if _, err := fmt.Sscanf(lines[1], "%d", &size); err != nil {
		return 0, tlog.Hash{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return size, root, err
}

// rebuild hashes every entry of the bundles.
func rebuild(dir string, size int64) ([]tlog.Hash, error) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			hashes[i] = stored[index]
		}
		return hashes, nil
	})
	for first := int64(0); first < size; first += 256 {
		width := size - first
		if width > 256 {
			width = 256
		}
		data, err := os.ReadFile(filepath.Join(dir, path("entries", first/256, int(width))))
		if err != nil {
			return nil, err
		}
		for entry := int64(0); entry < width; entry++ {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return nil, fmt.Errorf("a bundle ends within entry %d", first+entry)
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			hashes, err := tlog.StoredHashes(first+entry, data[2:end], reader)
			if err != nil {
				return nil, err
			}
			stored, data = append(stored, hashes...), data[end:]
		}
		if len(data) > 0 {
			return nil, fmt.Errorf("a bundle holds more than %d entries", width)
		}
	}
	return stored, nil
}

func path(level string, index int64, width int) string {
	name := fmt.Sprintf("%03d", index%1000)
	for rest := index / 1000; rest > 0; rest /= 1000 {
		name = fmt.Sprintf("x%03d/%s", rest%1000, name)
	}
	if width < 256 {
		name = fmt.Sprintf("%s.p/%d", name, width)
	}
	return fmt.Sprintf("tile/%s/%s", level, name)
}

func compareTiles(dir string, size int64, reader tlog.HashReader) error {
	for _, tile := range tlog.NewTiles(8, 0, size) {
		if tile.W < 256 && tile.N*256+int64(tile.W) != size>>(8*uint(tile.L)) {
			continue
		}
		wanted, err := tlog.ReadTileData(tile, reader)
		if err != nil {
			return err
		}
		found, err := os.ReadFile(filepath.Join(dir, path(fmt.Sprint(tile.L), tile.N, tile.W)))
		if err != nil || !bytes.Equal(found, wanted) {
			return fmt.Errorf("%v is not the tile of these entries (%v)", tile.Path(), err)
		}
	}
	return nil
}

func continues(older string, verifier note.Verifier, size int64, root tlog.Hash, reader tlog.HashReader) error {
	old, oldRoot, err := checkpoint(older, verifier)
	if err != nil {
		return err
	}
	if old > size {
		return fmt.Errorf("the log has shrunk from %d to %d leaves", old, size)
	}
	steps, err := tlog.ProveTree(size, old, reader)
	if err != nil {
		return err
	}
	return tlog.CheckTree(steps, size, root, old, oldRoot)
}

func proof(path string, verifier note.Verifier) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	end := bytes.Index(data, []byte("\n\n"))
	if end < 0 {
		return fmt.Errorf("no proof")
	}
	lines := strings.Split(string(data[:end]), "\n")
	if len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "extra ") {
		return fmt.Errorf("no proof that carries its entry")
	}
	entry, err := base64.StdEncoding.DecodeString(lines[1][len("extra "):])
	if err != nil {
		return err
	}
	var index int64
	if _, err := fmt.Sscanf(lines[2], "index %d", &index); err != nil {
		return err
	}
	var steps tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		steps = append(steps, hash)
	}
	size, root, err := open(data[end+2:], verifier)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(steps, size, root, index, tlog.RecordHash(entry))
}
