using DemoVlp.ServiceDefaults;

namespace DemoVlp.QueryAnswering.Search;

/// <summary>What texts are taken. Beyond the model's length they are cut and that is said; these limits only keep nonsense out.</summary>
internal static class TextLimits
{
    private const int Longest = 10_000;

    /// <summary>A text, trimmed.</summary>
    /// <param name="text">As sent.</param>
    /// <param name="name">What it is, as part of the codes <c>empty-{name}</c> and <c>{name}-too-long</c>.</param>
    /// <exception cref="ApiException">400.</exception>
    public static string Check(string? text, string name)
    {
        var trimmed = text?.Trim();
        if (string.IsNullOrEmpty(trimmed)) throw new ApiException(400, $"empty-{name}", $"The {name} is empty.");
        if (trimmed.Length > Longest) throw new ApiException(400, $"{name}-too-long", $"The {name} is longer than {Longest} characters.");
        return Plain(trimmed, name);
    }

    /// <summary>Refuses what no database takes.</summary>
    /// <param name="text">As sent.</param>
    /// <param name="name">What it is, for the sentence.</param>
    /// <exception cref="ApiException">400 <c>bad-text</c>.</exception>
    public static string Plain(string text, string name) =>
        text.Contains('\0') ? throw new ApiException(400, "bad-text", $"The {name} contains the character U+0000, which is no text.") : text;
}
