// SPDX-License-Identifier: Apache-2.0
#include "changelog.hpp"

#include <algorithm>
#include <charconv>
#include <random>

#include <weir/state/changes.hpp>
#include <weir/transport/transport.hpp>

namespace weir::detail {
namespace {

constexpr std::string_view version_line = "weir 1";
constexpr std::string_view time_name = "@time", closed_name = "@closed",
                           alarm_name = "@alarm";  // no topic's names

std::string bad_stamp(std::string_view text) {
    return "has a header weir.cut that does not decode: '" + std::string{text.substr(0, 80)} + "'";
}

}  // namespace

std::string_view take_text(std::string_view& text, char end) {
    const auto at = std::min(text.find(end), text.size());
    const auto part = text.substr(0, at);
    text.remove_prefix(std::min(at + 1, text.size()));
    return part;
}
std::optional<std::int64_t> number_in(std::string_view text) {
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc{} || end != text.data() + text.size()) return {};
    return n;
}

std::string not_by_weir() {
    return "was not written by weir: it has no header " + std::string{stamp_header} +
           "; only weir may write to a changelog. Give the table another name, or delete the "
           "topic: the table begins anew";
}

std::string changelog_owner::text() const {
    return std::string{version_line} + "\napp " + app + "\ntable " + table + "\nkey " + key_type +
           "\nvalue " + value_type + "\nchangelog " + changelog + "\nowner " + owner + "\nepoch " +
           std::to_string(epoch) + '\n' + (windows.empty() ? "" : "windows " + windows + '\n');
}

changelog_owner changelog_owner::of(bytes_view from) {
    auto text = from.view();
    if (const auto version = take_text(text, '\n'); version != version_line)
        throw refused_record{"is of another version: it says '" +
                             std::string{version.substr(0, 40)} + "', and this one knows '" +
                             std::string{version_line} +
                             "': run the version that wrote it, or give the table another name"};
    changelog_owner o;
    while (!text.empty()) {
        auto line = take_text(text, '\n');
        const auto name = take_text(line, ' ');
        if (name == "app") o.app = line;
        if (name == "table") o.table = line;
        if (name == "key") o.key_type = line;
        if (name == "value") o.value_type = line;
        if (name == "changelog") o.changelog = line;
        if (name == "owner") o.owner = line;
        if (name == "epoch") o.epoch = number_in(line).value_or(0);
        if (name == "windows") o.windows = line;
    }
    return o;
}

std::string cut_stamp::text(const std::vector<std::string>& inputs) const {
    auto all = std::to_string(epoch) + '.' + owner;
    for (std::size_t i = 0; i < at.size(); ++i)
        if (!inputs[i].empty()) all += ' ' + inputs[i] + '=' + std::to_string(at[i]);
    const auto add = [&](std::string_view name, timestamp t) {
        if (t == no_time) return;
        all.append(" ").append(name) += '=' + std::to_string(t.time_since_epoch().count());
    };
    add(time_name, time);
    add(closed_name, closed);
    add(alarm_name, alarm);
    return all;
}

cut_stamp cut_stamp::of(std::string_view text, const std::vector<std::string>& inputs) {
    cut_stamp s;
    s.at.assign(inputs.size(), 0);
    auto rest = text;
    auto who = take_text(rest, ' ');
    const auto epoch = number_in(take_text(who, '.'));
    s.owner = who;
    bool good = epoch.has_value();
    s.epoch = epoch.value_or(0);
    while (!rest.empty()) {
        auto one = take_text(rest, ' ');
        const auto name = take_text(one, '=');
        const auto at = number_in(one);
        good &= at.has_value();
        const timestamp t{std::chrono::milliseconds{at.value_or(0)}};
        if (name == time_name) s.time = t;
        if (name == closed_name) s.closed = t;
        if (name == alarm_name) s.alarm = t;
        const auto it = std::find(inputs.begin(), inputs.end(), name);
        if (it != inputs.end())
            s.at[static_cast<std::size_t>(it - inputs.begin())] = at.value_or(0);
    }
    if (!good) throw refused_record{bad_stamp(text)};
    return s;
}

changelog_record changelog_record_of(const fetch& in, std::size_t i, std::int64_t& epoch) {
    const auto& m = in.messages()[i];
    const auto key = m.key.view();
    if (key == owner_key) {
        epoch = std::max(epoch, changelog_owner::of(m.value).epoch);
        return changelog_record::not_shown;
    }
    const auto stamp = in.header_of(i, stamp_header);
    if (!stamp) throw refused_record{not_by_weir()};
    auto text = stamp->view();
    const auto its = number_in(take_text(text, '.'));
    if (!its) throw refused_record{bad_stamp(stamp->view())};
    if (is_bookkeeping(m.key) || *its < epoch) return changelog_record::not_shown;
    epoch = *its;
    const bool erased =
        m.value.is_null() || (m.value.size() == 0 && in.header_of(i, erased_header));
    return erased ? changelog_record::erased : changelog_record::row;
}

std::string random_name() {
    std::random_device device;
    constexpr int parts = 2, digits = 8;
    std::string name;
    for (int p = 0; p < parts; ++p) {  // a call of the device takes microseconds
        auto bits = device();
        for (int d = 0; d < digits; ++d, bits /= 16) name += "0123456789abcdef"[bits % 16];
    }
    return name;
}

}  // namespace weir::detail
