using DemoVlp.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace DemoVlp.Training.Datasets;

/// <summary>The folder <c>Training:ImportFolder</c> (models and benchmark data sets): what clients name by path lies below it, whatever links there are.</summary>
internal sealed class ImportFolder(IOptions<TrainingOptions> options)
{
    private const int MostLinks = 40;

    /// <summary>The full path of a folder that a client names.</summary>
    /// <param name="relative">Below the import folder, with forward slashes.</param>
    /// <exception cref="ApiException">409 <c>no-import-folder</c>; 400 <c>bad-path</c> or <c>path-not-found</c>.</exception>
    public string Folder(string relative)
    {
        var root = Root();
        if (relative.Length is 0 or > 500 || relative.IndexOfAny(['\0', '\\', '\n', '\r']) >= 0 || Path.IsPathRooted(relative) || relative.Split('/').Any(part => part is "" or ".."))
            throw BadPath();
        var path = Path.GetFullPath(Path.Combine(root, relative));
        if (!Directory.Exists(path)) throw new ApiException(400, "path-not-found", "There is no such folder below the import folder.");
        return Holds(path) ? path : throw BadPath();
    }

    /// <summary>Whether a path leads to something below the folder when its links are followed.</summary>
    public bool Holds(string path)
    {
        var root = Real(Root());
        return Real(path) is { } real && root is not null && (real == root || real.StartsWith(root.TrimEnd('/') + '/', StringComparison.Ordinal));
    }

    /// <summary>A message without the folder's own path, which is nobody's business.</summary>
    public string WithoutRoot(string message) =>
        options.Value.ImportFolder is { Length: > 0 } root ? message.Replace(Path.GetFullPath(root).TrimEnd('/') + '/', "", StringComparison.Ordinal) : message;

    /// <summary>The folder itself.</summary>
    /// <exception cref="ApiException">409 <c>no-import-folder</c>.</exception>
    public string Root() => options.Value.ImportFolder is { Length: > 0 } root
        ? Path.GetFullPath(root)
        : throw new ApiException(409, "no-import-folder", "This system has no import folder: Training:ImportFolder is not set.");

    // Component by component, as the operating system goes; null: the links lead in circles.
    private static string? Real(string path)
    {
        var (current, links) = ("/", 0);
        var rest = new Stack<string>(path.Split('/').Reverse());
        while (rest.TryPop(out var part))
        {
            if (part is "" or ".") continue;
            if (part == "..")
            {
                current = Path.GetDirectoryName(current) ?? "/";
                continue;
            }
            var next = Path.Combine(current, part);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                current = next;
                continue;
            }
            if (++links > MostLinks) return null;
            if (target.StartsWith('/')) current = "/";
            foreach (var step in target.Split('/').Reverse()) rest.Push(step);
        }
        return current;
    }

    private static ApiException BadPath() => new(400, "bad-path", "A path must lead to a folder below the import folder: relative, without '..', and without links that lead out.");
}
