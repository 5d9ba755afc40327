// SPDX-License-Identifier: Apache-2.0
// The commands of the program that `app.main` makes: one function for each.
#pragma once
#include <string>
#include <vector>

#include <weir/fwd.hpp>
#include <weir/graph/topic_info.hpp>

namespace weir::detail {

class engine;

/// The arguments of the command line.
struct arguments {
    std::string broker;
    std::vector<std::string> set, set_files;
    std::vector<std::string> inputs, keyed_inputs, outputs, keyed_outputs;
    std::string state_dir;
    std::string until_idle;
    std::string format = "text";  // graph
    std::string topic, value;     // send
    std::string table;            // table
    partition_id partition = 0;   // explain
    bool explains = false;
    bool of_all = false, dry_run = false;  // reset
    std::string stats;
    std::string key;
    bool has_key = false;
};

/// The result of parsing a command line.
struct asked {
    int (*command)(engine&, const arguments&) = nullptr;  // null: print `text` instead
    arguments said{};
    std::string text{};  // the help, or what is wrong with the command line
    int code = 0;        // exit code, if there is no command
};
/// Parses only; runs no command.
asked parse(const engine&, const std::string& program, int argc, const char* const* argv);

// Each returns an exit code, or throws setup_error (exit code 2) or another exception (1).
int run(engine&, const arguments&);
int send(engine&, const arguments&);
int explain(engine&, const arguments&);
int print_graph(engine&, const arguments&);
int print_topics(engine&, const arguments&);
int print_agents(engine&, const arguments&);
int print_tables(engine&, const arguments&);
int print_table(engine&, const arguments&);
int reset(engine&, const arguments&);

/// The broker and the properties: environment, then files, then arguments; the last one wins.
void apply_settings(engine&, const arguments&);
/// Finds a topic of the program, including those of dead letters. Throws setup_error that begins
/// with `where` and lists the topics.
/// Throws setup_error: `command` is what names a table that there is not.
table_info& known_table(engine&, const std::string& command, const std::string& name);
const topic_info& known_topic(engine&, const std::string& where, const std::string& name);
/// "500ms", "2s", "5min", "1h".
duration parse_duration(const std::string&);

/// The text of `--help`.
std::string help(const std::string& program, const std::string& app);

}  // namespace weir::detail
