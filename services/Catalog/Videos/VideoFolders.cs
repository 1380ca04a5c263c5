using System.Globalization;
using DemoVlp.Artifacts;

namespace DemoVlp.Catalog.Videos;

/// <summary>The folder in the artifact store that holds all of a video.</summary>
internal static class VideoFolders
{
    public const string Root = "videos";

    public static string Of(Guid id) => VideoArtifacts.Source(id)[..VideoArtifacts.Source(id).LastIndexOf('/')];

    /// <summary>The video whose uploaded file a key names; null if it names something else.</summary>
    public static Guid? IdOfSource(string key) =>
        key.Split('/') is [Root, var id, _] && Guid.TryParseExact(id, "n", out var video) && key == VideoArtifacts.Source(video) ? video : null;

    /// <summary>When a version 7 id was made: its first 48 bits are Unix milliseconds.</summary>
    public static DateTime MadeAt(Guid id) =>
        DateTime.UnixEpoch.AddMilliseconds(long.Parse(id.ToString("n")[..12], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
}
