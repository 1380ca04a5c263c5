using DemoVlp.Contracts.Http;
using DemoVlp.Modeling.VideoLanguage.Import;
using DemoVlp.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace DemoVlp.Training.Registry.Import;

/// <summary>Files of many gigabytes that somebody with access to the machine put into <see cref="TrainingOptions.ImportFolder"/>. Nothing outside it is read, through links neither.</summary>
internal sealed class ImportFolder(IOptions<TrainingOptions> options)
{
    /// <summary>The files that a request names.</summary>
    /// <exception cref="ApiException">409 <c>no-import-folder</c>; 400 <c>bad-path</c> or <c>file-not-found</c>.</exception>
    public ImportFiles Find(ModelImportRequest request)
    {
        var path = Existing(request.Path, "path");
        var isModel = path is not null && Directory.Exists(path);
        return new ImportFiles
        {
            Model = isModel ? path : null, Checkpoint = isModel ? null : path, DistilBert = Existing(request.DistilBert, "distilBert"), Vit = Existing(request.Vit, "vit"),
            Vocabulary = Existing(request.Vocabulary, "vocabulary"), Answers = Existing(request.Answers, "answers"), Name = request.Name, Description = request.Description,
            Options = new ImportOptions { NumFrames = request.Frames, ObjectNum = request.Regions, FeatureDim = request.FeatureDim, HeadWidth = request.HeadWidth ?? ImportFiles.PublishedHeadWidth },
        };
    }

    private string? Existing(string? relative, string name)
    {
        if (string.IsNullOrEmpty(relative)) return null;
        if (options.Value.ImportFolder is not { Length: > 0 } folder)
            throw new ApiException(409, "no-import-folder", "This system has no import folder (Training:ImportFolder); upload the files instead.");
        if (relative.Contains('\0') || Path.IsPathRooted(relative) || relative.Split('/', '\\').Contains(".."))
            throw new ApiException(400, "bad-path", $"The {name} must be a path below the import folder.");
        var root = Real(Path.GetFullPath(folder));
        var path = Path.Combine(root, relative);
        if (!Path.Exists(path)) throw new ApiException(400, "file-not-found", $"There is no file or directory of the name given as {name} in the import folder.");
        var real = Real(path);
        if (real != root && !real.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            throw new ApiException(400, "bad-path", $"The {name} leads out of the import folder.");
        // The files of a directory are opened by name later: none may lead out either.
        if (Directory.Exists(real) && Directory.EnumerateFiles(real).Any(f => Real(f) is var file && !file.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal)))
            throw new ApiException(400, "bad-path", $"A file of the directory given as {name} leads out of the import folder.");
        return real;
    }

    // Every link on the way is followed, not the last alone.
    private static string Real(string path)
    {
        var parent = Path.GetDirectoryName(path);
        if (parent is null) return path;
        var here = Path.Combine(Real(parent), Path.GetFileName(path));
        FileSystemInfo info = Directory.Exists(here) ? new DirectoryInfo(here) : new FileInfo(here);
        return info.ResolveLinkTarget(returnFinalTarget: true) is { } target ? Real(target.FullName) : here;
    }
}
