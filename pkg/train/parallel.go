package train

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// shardRows is the number of windows of a shard. The shards own the buffers that gradients are
// summed in, and these are added in the order of the shards. So the result does not depend on the
// number of workers.
const shardRows = 8

// shardsOf is the number of shards of a batch with so many windows.
func shardsOf(batch int) int { return (batch + shardRows - 1) / shardRows }

// parallel calls work for each shard, on at most so many workers, and waits for all of them. A
// panic becomes an error: in a goroutine of its own it would end the process.
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

// span is the range [from, to) of n rows that belongs to one of count shards.
func span(n, shard, count int) (from, to int) { return n * shard / count, n * (shard + 1) / count }
