// SPDX-License-Identifier: Apache-2.0
#include "completion.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace weir::detail {
namespace {

/// "text|mermaid|dot" gives its words separated by spaces. Anything else gives an empty string.
std::string words_of(const std::string& takes) {
    auto words = takes;
    if (takes.find('|') == takes.npos) return {};
    std::replace(words.begin(), words.end(), '|', ' ');
    return words;
}
std::string joined(const std::vector<std::string>& all) {
    std::string text;
    for (auto& s : all) text += (text.empty() ? "" : " ") + s;
    return text;
}
std::string names_of(const std::vector<command_description::option>& options) {
    std::string text;
    for (auto& o : options) text += (text.empty() ? "" : " ") + o.name;
    return text;
}
/// Makes a function's name of the program's name: "bank.old" is not one.
std::string function_of(const std::string& program) {
    std::string name = "_weir_";
    for (const char c : program) {
        const bool plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        name += plain ? c : '_';
    }
    return name;
}
std::vector<command_description::option> all_options(const command_description& d) {
    auto all = d.options;
    for (auto& c : d.commands) all.insert(all.end(), c.options.begin(), c.options.end());
    return all;
}

// -------------------------------------------------------------------------------------------- bash
/// The statement that completes the argument of an option or command.
std::string bash_action(const std::string& takes) {
    const auto words = words_of(takes);
    if (!words.empty()) return fmt::format("COMPREPLY=($(compgen -W \"{}\" -- \"$cur\"))", words);
    if (takes == "TOPIC") return "COMPREPLY=($(compgen -W \"$topics\" -- \"$cur\"))";
    if (takes == "FILE") return "COMPREPLY=($(compgen -f -- \"$cur\"))";
    if (takes == "TOPIC=FILE")
        return "compopt -o nospace; COMPREPLY=($(compgen -S = -W \"$topics\" -- \"$cur\"))";
    return ":";
}

constexpr const char* bash_head = R"~(# Completion for bash: source <({program} completion bash)
{function}() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}}
    local topics="{topics}" command= n=0 i word is_value=
    COMPREPLY=()
    # bash makes three words of topic=file, and of --option=value
    if [[ $cur == "=" ]]; then cur=; is_value=1
    elif [[ $prev == "=" ]]; then prev=${{COMP_WORDS[COMP_CWORD-2]}}; is_value=1
    fi
    if [[ $is_value && $prev != -* ]]; then COMPREPLY=($(compgen -f -- "$cur")); return; fi
    case $prev in
)~";
constexpr const char* bash_middle = R"~(    esac
    for ((i = 1; i < COMP_CWORD; ++i)); do
        word=${{COMP_WORDS[i]}}
        case $word in
            {valued})
                [[ ${{COMP_WORDS[i+1]}} == "=" ]] && ((++i))
                ((++i)) ;;
            =) ((++i)) ;;
            -*) ;;
            *) if [[ $command ]]; then ((++n)); else command=$word; fi ;;
        esac
    done
    local words="{options}"
    case $command in
        "") words+=" {commands}" ;;
)~";

std::string bash_arguments(const command_description::command& c) {
    std::string text = fmt::format("        {}) words+=\" {}\"\n", c.name, names_of(c.options));
    for (std::size_t i = 0; i < c.arguments.size(); ++i)
        if (const auto action = bash_action(c.arguments[i]); action != ":")
            text += fmt::format(
                "            if [[ $n == {} && $cur != -* ]]; then {}; return; fi\n", i, action);
    return text + "            ;;\n";
}

// --------------------------------------------------------------------------------------------- zsh
std::string zsh_action(const std::string& takes, const std::string& function) {
    const auto words = words_of(takes);
    if (!words.empty()) return '(' + words + ')';
    if (takes == "TOPIC") return "($topics)";
    if (takes == "FILE") return "_files";
    if (takes == "TOPIC=FILE") return function + "_feed";
    return " ";
}
std::string zsh_option(const command_description::option& o, const std::string& function) {
    auto text = fmt::format("'*{}[{}]", o.name, o.about);
    if (!o.takes.empty()) {
        // "TOPIC=FILE" has a name, a list of words has none
        const auto name = o.takes.substr(0, o.takes.find('|'));
        text += fmt::format(":{}:{}", name, zsh_action(o.takes, function));
    }
    // a shell expands nothing in single quotes
    const auto at = text.find("$topics");
    if (at != text.npos) text.replace(at, 7, "'\"$topics\"'");
    return text + '\'';
}

constexpr const char* zsh_head = R"~(#compdef {program}
# Completion for zsh: source <({program} completion zsh)
{function}_feed() {{
    local -a topics=({topics})
    if compset -P '*='; then _files; else compadd -S = -a topics; fi
}}
{function}() {{
    local curcontext=$curcontext context state line topics="{topics}"
    local -a options=(
)~";

}  // namespace

std::string bash_completion(const command_description& d) {
    const auto function = function_of(d.program);
    auto text = fmt::format(bash_head, fmt::arg("program", d.program),
                            fmt::arg("function", function), fmt::arg("topics", joined(d.topics)));
    std::string valued, commands;
    for (auto& o : all_options(d)) {
        if (o.takes.empty()) continue;
        text += fmt::format("        {}) {}; return ;;\n", o.name, bash_action(o.takes));
        valued += (valued.empty() ? "" : "|") + o.name;
    }
    for (auto& c : d.commands) commands += (commands.empty() ? "" : " ") + c.name;
    text += fmt::format(bash_middle, fmt::arg("valued", valued),
                        fmt::arg("options", names_of(d.options)), fmt::arg("commands", commands));
    for (auto& c : d.commands) text += bash_arguments(c);
    return text + fmt::format("    esac\n    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                              "}}\ncomplete -F {} {}\n",
                              function, d.program);
}

std::string zsh_completion(const command_description& d) {
    const auto function = function_of(d.program);
    auto text = fmt::format(zsh_head, fmt::arg("program", d.program),
                            fmt::arg("function", function), fmt::arg("topics", joined(d.topics)));
    for (auto& o : d.options) text += "        " + zsh_option(o, function) + '\n';
    text += "    )\n    local -a commands=(\n";
    for (auto& c : d.commands) text += fmt::format("        '{}:{}'\n", c.name, c.about);
    text += "    )\n    _arguments -C $options '1:command:->command' '*::argument:->argument'\n"
            "    case $state in\n"
            "        command) _describe command commands ;;\n"
            "        argument)\n            case $words[1] in\n";
    for (auto& c : d.commands) {
        text += fmt::format("                {}) _arguments $options", c.name);
        for (auto& o : c.options) text += ' ' + zsh_option(o, function);
        for (std::size_t i = 0; i < c.arguments.size(); ++i)
            text += fmt::format(" \"{}:{}:{}\"", i + 1,
                                c.arguments[i].substr(0, c.arguments[i].find('|')),
                                zsh_action(c.arguments[i], function));
        text += " ;;\n";
    }
    return text + fmt::format("            esac ;;\n    esac\n}}\n"
                              "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then {} \"$@\"\n"
                              "else compdef {} {}\nfi\n",
                              function, function, d.program);
}

}  // namespace weir::detail
