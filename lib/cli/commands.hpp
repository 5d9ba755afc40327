// SPDX-License-Identifier: Apache-2.0
// What the program of `app.main` can do: one function a command.
#pragma once
#include <string>
#include <vector>

#include <weir/fwd.hpp>
#include <weir/graph/topic_info.hpp>

namespace weir::detail {

class engine;

/// What the command line said.
struct arguments {
    std::string broker;
    std::vector<std::string> set, set_files;
    std::vector<std::string> inputs, keyed_inputs, outputs, keyed_outputs;
    std::string until_idle;
    std::string format = "text";  // graph
    std::string topic, value;     // send
    partition_id partition = 0;   // explain
    bool explains = false;
    std::string stats;
    std::string key;
    bool has_key = false;
};

/// What a command line asks for.
struct asked {
    int (*command)(engine&, const arguments&) = nullptr;  // null: `text` is the answer
    arguments said{};
    std::string text{};  // help, or what is wrong with the command line
    int code = 0;        // to exit with, where there is no command
};
/// Runs nothing, whatever it says.
asked parse(const engine&, const std::string& program, int argc, const char* const* argv);

// Each returns an exit code, or throws setup_error (exit code 2) or another exception (1).
int run(engine&, const arguments&);
int send(engine&, const arguments&);
int explain(engine&, const arguments&);
int print_graph(engine&, const arguments&);
int print_topics(engine&, const arguments&);
int print_agents(engine&, const arguments&);

/// The broker and the properties: environment, then files, then arguments; the last one wins.
void apply_settings(engine&, const arguments&);
/// Dead letter topics are topics, too. Throws setup_error that begins with `where` and names those
/// there are.
const topic_info& known_topic(engine&, const std::string& where, const std::string& name);
/// "500ms", "2s", "5min", "1h".
duration parse_duration(const std::string&);

/// What `--help` says.
std::string help(const std::string& program, const std::string& app);

}  // namespace weir::detail
