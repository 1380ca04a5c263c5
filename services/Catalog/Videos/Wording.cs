using System.Globalization;
using System.Text;
using DemoVlp.ServiceDefaults;

namespace DemoVlp.Catalog.Videos;

/// <summary>Checks and cleans what people write: titles, captions, file names. Nothing that is kept holds a control character.</summary>
internal static class Wording
{
    public const int MaxTitle = 200, MaxCaptions = 100, MaxCaption = 1000;

    /// <summary>A title; null if there is nothing in it.</summary>
    /// <exception cref="ApiException">400 <c>title-too-long</c>.</exception>
    public static string? Title(string title)
    {
        var clean = Clean(title);
        if (clean.Length > MaxTitle) throw new ApiException(400, "title-too-long", $"The title may have {MaxTitle} characters at most.");
        return clean.Length == 0 ? null : clean;
    }

    /// <summary>Captions; blank ones are left out.</summary>
    /// <exception cref="ApiException">400 <c>too-many-captions</c> or <c>caption-too-long</c>.</exception>
    public static IReadOnlyList<string> Captions(IReadOnlyCollection<string?> captions)
    {
        if (captions.Count > MaxCaptions) throw new ApiException(400, "too-many-captions", $"A video may have {MaxCaptions} captions at most.");
        var clean = captions.Select(caption => Clean(caption ?? "")).Where(caption => caption.Length > 0).ToArray();
        if (clean.Any(caption => caption.Length > MaxCaption)) throw new ApiException(400, "caption-too-long", $"A caption may have {MaxCaption} characters at most.");
        return clean;
    }

    /// <summary>The last part of what a client calls its file: safe to show and to send back, never used as a path.</summary>
    public static string FileName(string? fileName)
    {
        var name = Clean(fileName ?? "");
        name = name[(name.LastIndexOfAny(['/', '\\']) + 1)..].Trim().TrimStart('.').Trim();
        if (name.Length > MaxTitle) name = name[..(char.IsHighSurrogate(name[MaxTitle - 1]) ? MaxTitle - 1 : MaxTitle)].TrimEnd();
        return name.Length == 0 ? "video" : name;
    }

    // Control characters break logs, headers and PostgreSQL; invisible format characters turn "gpj.exe" round.
    private static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            var category = Rune.GetUnicodeCategory(rune);
            if (category is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator) clean.Append(' ');
            else if (category != UnicodeCategory.Format || rune.Value is 0x200C or 0x200D) clean.Append(rune);
        }
        return clean.ToString().Trim();
    }
}
