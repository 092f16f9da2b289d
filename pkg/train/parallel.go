package train

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// shardRows is how many windows of a batch one shard takes. The shards, not the
// workers, own the buffers that gradients are summed in, and they are added in
// their order: so the result does not depend on the number of workers.
const shardRows = 8

// shardsOf is how many shards a batch of this many windows has.
func shardsOf(batch int) int { return (batch + shardRows - 1) / shardRows }

// parallel calls work for each shard on up to workers goroutines and waits for all
// of them. A panic becomes an error: it would end the process from a goroutine
// nobody can recover.
func parallel(workers, shards int, work func(shard int)) error {
	var (
		next  atomic.Int64
		group sync.WaitGroup
		once  sync.Once
		err   error
	)
	for range min(workers, shards) {
		group.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					once.Do(func() { err = fmt.Errorf("panic: %v", r) })
				}
			}()
			for shard := int(next.Add(1)) - 1; shard < shards; shard = int(next.Add(1)) - 1 {
				work(shard)
			}
		})
	}
	group.Wait()
	return err
}

// span is the part [from, to) of n rows that belongs to one of count shards.
func span(n, shard, count int) (from, to int) { return n * shard / count, n * (shard + 1) / count }
