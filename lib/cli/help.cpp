// SPDX-License-Identifier: Apache-2.0
// The text of `--help`. It is written by hand, and a test checks that it names each option.
#include <fmt/core.h>

#include "commands.hpp"

namespace weir::detail {

std::string help(const std::string& program, const std::string& app) {
    constexpr const char* text =
        R"~({app} processes streams with weir. Without a command it runs.

usage: {prog} [COMMAND] [OPTION...]

commands
  run                   process the streams until stopped (SIGINT, SIGTERM)
  graph                 draw the pipelines
        --format FORMAT   text (the default), mermaid or dot
  topics                list the topics
  agents                list the agents
  tables                list the tables; with --input, what they have then
  table TABLE [KEY]     run, then print what the table has: a key, a tab and a value in each
                        line, or the value of one key
  reset TABLE | --all   let a table, or all, begin anew: delete its changelog and snapshots, and
                        forget what is committed of its topics; the app must not run
        --dry-run         only say what would be done
  send TOPIC VALUE      send one message and wait until the broker has it
        --key KEY         its key; without it, the message has none
  explain TOPIC PARTITION
                        process what --input feeds; when nothing happens any more, say what
                        holds the partition's commit back
  completion SHELL      print a script that bash or zsh can source

broker
  --broker URL          memory:// is a broker inside this process, kafka://host:port Kafka
  --set NAME=VALUE      a librdkafka property; may be repeated
  --set-file FILE       properties from a file, one NAME=VALUE in each line; may be repeated.
                        Put passwords there: everybody on this machine can read a command line

files and pipes
  --input TOPIC=FILE    feed a topic with the lines of a file, or of
                        standard input: TOPIC=-; may be repeated. On memory:// the run ends
                        when its inputs have ended and all messages are finished
  --keyed-input TOPIC=FILE
                        the same; each line is a key, a tab and a value
  --output TOPIC        print each message of a topic as a line; may be repeated
  --keyed-output TOPIC  the same; each line is a key, a tab and a value
  --until-idle TIME     stop when nothing has happened for this time: 500ms, 2s, 5min
  --stats TIME          log counters at this interval: read, sent, committed, held, failed

environment (the command line overrides it)
  WEIR_BROKER           as --broker
  WEIR_SET_name         as --set; `_` stands for a dot, `__` for an underscore:
                        WEIR_SET_fetch_min_bytes=1 sets fetch.min.bytes

  --help, --version

examples
  {prog} --broker kafka://localhost:9092 --set-file kafka.properties
  {prog} --input orders=orders.jsonl
  tail -f orders.jsonl | {prog} --input orders=- --output totals | head
  {prog} graph --format dot | dot -Tsvg > {prog}.svg

Exit codes: 0 stopped as asked; 1 an error's policy was stop, or an input was bad; 2 wrong usage.
A second signal ends the program at once.
)~";
    return fmt::format(text, fmt::arg("prog", program), fmt::arg("app", app));
}

}  // namespace weir::detail
