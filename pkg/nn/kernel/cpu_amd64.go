//go:build amd64 && !purego

package kernel

import "golang.org/x/sys/cpu"

// available are the families of this machine.
func available() []Family {
	there := []Family{Go}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		there = append(there, AVX2)
		if cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL {
			there = append(there, AVX512)
		}
	}
	return there
}
