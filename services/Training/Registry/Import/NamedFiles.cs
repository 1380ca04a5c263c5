using DemoVlp.Contracts.Http;
using DemoVlp.Modeling.VideoLanguage.Import;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Datasets;

namespace DemoVlp.Training.Registry.Import;

/// <summary>Files of many gigabytes that somebody with access to the machine put into <see cref="TrainingOptions.ImportFolder"/>. Nothing outside it is read, through links neither.</summary>
internal sealed class NamedFiles(ImportFolder imports)
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
        if (relative.Contains('\0') || Path.IsPathRooted(relative) || relative.Split('/', '\\').Contains(".."))
            throw new ApiException(400, "bad-path", $"The {name} must be a path below the import folder.");
        var path = Path.Combine(imports.Root(), relative);
        if (!Path.Exists(path)) throw new ApiException(400, "file-not-found", $"There is no file or directory of the name given as {name} in the import folder.");
        // The files of a directory are opened by name later: none may lead out either.
        if (!imports.Holds(path) || (Directory.Exists(path) && !Directory.EnumerateFiles(path).All(imports.Holds)))
            throw new ApiException(400, "bad-path", $"The {name} leads out of the import folder.");
        return path;
    }
}
