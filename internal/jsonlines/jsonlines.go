// Package jsonlines answers JSON Lines: one line in, one line out, in the same
// order, on all cores, in memory that does not grow with the number of lines.
package jsonlines

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
)

const (
	// MaxLine is the longest line that is answered, in bytes without its end.
	MaxLine = 16 << 20
	// blockSize is how much text a worker takes at once, in bytes.
	blockSize = 256 << 10
)

// Answer appends the answer to one line, without a line end, to out. It reports
// false when the line could not be answered and out says why. It must not keep
// line.
type Answer func(out, line []byte) (_ []byte, ok bool)

// Summary counts what Process did.
type Summary struct {
	Lines  int
	Failed int // lines that could not be answered
}

// Process reads lines from r until its end and writes the answer to each to w.
// It calls newAnswer once per worker, so that an Answer may keep state without
// locks. An input that pauses, such as a terminal, gets its answers at each
// pause. Every line gets an answer: an empty one is handed on as it is, one
// longer than MaxLine gets {"id":null,"error":…} and counts as failed.
//
// The error is the reader's, the writer's or the context's. When it is one of
// the latter two, a pending Read of r may outlive the call.
func Process(ctx context.Context, r io.Reader, w io.Writer, newAnswer func() Answer) (Summary, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	workers := runtime.GOMAXPROCS(0)
	work := make(chan *block)
	// The capacity of order bounds the text that is in memory.
	order := make(chan *block, 2*workers)
	for range workers {
		answer := newAnswer()
		go func() {
			for b := range work {
				b.run(answer)
				close(b.done)
			}
		}()
	}
	readError := make(chan error, 1)
	go func() {
		defer close(order)
		defer close(work)
		readError <- read(ctx, r, work, order)
	}()

	out := bufio.NewWriterSize(w, blockSize)
	var sum Summary
	for {
		var b *block
		select {
		case b = <-order:
		default:
			// Nothing is waiting: let the other side see what there is.
			if err := out.Flush(); err != nil {
				return sum, fmt.Errorf("write answers: %w", err)
			}
			select {
			case b = <-order:
			case <-ctx.Done():
				return sum, context.Cause(ctx)
			}
		}
		if b == nil {
			if err := out.Flush(); err != nil {
				return sum, fmt.Errorf("write answers: %w", err)
			}
			return sum, <-readError
		}
		select {
		case <-b.done:
		case <-ctx.Done():
			return sum, context.Cause(ctx)
		}
		if _, err := out.Write(b.out); err != nil {
			return sum, fmt.Errorf("write answers: %w", err)
		}
		sum.Lines += len(b.ends)
		sum.Failed += b.failed
	}
}

// block is some consecutive lines and their answers.
type block struct {
	text   []byte
	ends   []int // of each line in text; tooLong for a line that is left out
	out    []byte
	failed int
	done   chan struct{}
}

const tooLong = -1

func (b *block) run(answer Answer) {
	start := 0
	for _, end := range b.ends {
		ok := false
		if end == tooLong {
			b.out = fmt.Appendf(b.out, `{"id":null,"error":"the line is longer than %d bytes"}`, MaxLine)
		} else {
			b.out, ok = answer(b.out, bytes.TrimSuffix(b.text[start:end], []byte{'\r'}))
			start = end
		}
		b.out = append(b.out, '\n')
		if !ok {
			b.failed++
		}
	}
	if text := b.text; cap(text) <= 2*blockSize {
		texts.Put(&text)
	}
	b.text = nil
}

// texts keeps the memory of blocks that are done.
var texts = sync.Pool{New: func() any { return new([]byte) }}

// read cuts r into blocks and hands each to work and order.
func read(ctx context.Context, r io.Reader, work, order chan<- *block) error {
	in := bufio.NewReaderSize(r, blockSize)
	for ended := false; !ended; {
		b := &block{text: (*texts.Get().(*[]byte))[:0], done: make(chan struct{})}
		for !ended && len(b.text) < blockSize && (len(b.ends) == 0 || in.Buffered() > 0) {
			err := b.readLine(in)
			if ended = errors.Is(err, io.EOF); err != nil && !ended {
				return fmt.Errorf("read lines: %w", err)
			}
		}
		if len(b.ends) == 0 {
			return nil
		}
		for _, to := range []chan<- *block{work, order} {
			select {
			case to <- b:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
	return nil
}

// readLine adds one line. A last line without an end counts, an empty one does not.
func (b *block) readLine(in *bufio.Reader) error {
	start, over := len(b.text), false
	for {
		part, err := in.ReadSlice('\n')
		if over = over || len(b.text)-start+len(part) > MaxLine+1; over {
			b.text = b.text[:start]
		} else {
			b.text = append(b.text, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return err
		case err != nil && len(b.text) == start && !over:
			return err
		case over:
			b.ends = append(b.ends, tooLong)
		default:
			if err == nil {
				b.text = b.text[:len(b.text)-1]
			}
			b.ends = append(b.ends, len(b.text))
		}
		return err
	}
}
